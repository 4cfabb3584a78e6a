import { openArchive, type ArchiveReader } from '../archive/reader.ts';
import { definedOnly } from '../core/collections.ts';
import type { RelayConfig } from '../core/environment.ts';
import { OutboxError } from '../core/errors.ts';
import { ownLimits } from '../core/limits.ts';
import { createDynamoDBOperateStore } from '../dynamodb/operate-store.ts';
import type { OperatePorts } from '../operate/ports.ts';
import { readArchiveLocation } from '../table/archive.ts';
import { table as names } from '../table/keys.ts';
import type { OperateStore } from '../table/stores.ts';
import type { Clients } from './aws/clients.ts';
import { isMissing } from './aws/failure.ts';
import { findOutbox, knownTables, type OutboxPlace } from './aws/find.ts';
import type { CliContext } from './context.ts';
import { didYouMean } from './names.ts';
import { outboxNameOf, type CommonOptions } from './options.ts';

/** One outbox, found and opened. */
export interface Session extends OperatePorts {
  readonly place: OutboxPlace;
  readonly clients: Clients;
  readonly store: OperateStore;
  /** Numbers of shards that its writers use or used. */
  readonly shardCounts: readonly number[];
}

/** Where nothing says how long entries are kept. */
const usualRetentionMs = 14 * 24 * 3_600_000;

/** Finds the outbox that the options name, and opens its table. */
export async function openSession(options: CommonOptions, world: CliContext): Promise<Session> {
  const clients = openClientsFor(options, world);
  const place = await findOutbox(outboxNameOf(options), clients);
  const shardCounts = await orWrongTable(readShardCounts(place, clients, world), place, clients);
  const store = openStore(place, { clients, world, shards: Math.max(...shardCounts) });
  if (place.config === undefined) await orWrongTable(checkIndex(store), place, clients);
  return {
    place,
    clients,
    shardCounts,
    store,
    clock: world.clock,
    newId: world.newId,
    retentionMs: place.config?.retentionMs ?? usualRetentionMs,
    ...definedOnly({ archive: place.config?.archive }),
  };
}

/**
 * How the outbox's own functions are configured.
 *
 * @throws OutboxError `OUTBOX_NOT_FOUND` where none was found
 */
export function configOf({ place }: Pick<Session, 'place'>): RelayConfig {
  if (place.config !== undefined) return place.config;
  throw new OutboxError(
    'OUTBOX_NOT_FOUND',
    `no function of the outbox on table ${place.tableName} was found, which would say its source and where to deliver: allow lambda:ListFunctions, or name the outbox by --stack`,
    { details: { table: place.tableName } },
  );
}

export function openClientsFor(
  { region, profile, endpointUrl }: CommonOptions,
  world: CliContext,
): Clients {
  return world.openClients(definedOnly({ region, profile, endpointUrl }));
}

/** Looks at a table that no function is known of: whether it is an outbox's at all. */
async function checkIndex(store: OperateStore): Promise<void> {
  for await (const _ of store.listWaiting('parked', 0)) return;
}

/** The number in use, and the largest that ever was. The maximum if it is unknown. */
async function readShardCounts(
  place: OutboxPlace,
  clients: Clients,
  world: CliContext,
): Promise<number[]> {
  const shards = place.config?.shards;
  const noted = await openStore(place, { clients, world, shards: 1 }).largestShards();
  const known = [shards ?? 0, noted].filter((count) => count > 0);
  return known.length === 0 ? [ownLimits.maxShards] : [...new Set(known)];
}

function openStore(
  { tableName }: OutboxPlace,
  { clients, world, shards }: { clients: Clients; world: CliContext; shards: number },
): OperateStore {
  const { clock, random } = world;
  return createDynamoDBOperateStore({ client: clients.dynamodb, tableName, shards, clock, random });
}

/**
 * What a look at the table answers.
 *
 * @throws OutboxError `TABLE_NOT_FOUND` if the table does not exist or is not an outbox table
 */
async function orWrongTable<T>(
  look: Promise<T>,
  { tableName }: OutboxPlace,
  clients: Clients,
): Promise<T> {
  try {
    return await look;
  } catch (error) {
    const wrong = whatIsWrong(error, tableName);
    if (wrong === undefined) throw error;
    const hint = whichThereAre(tableName, await knownTables(clients));
    throw new OutboxError('TABLE_NOT_FOUND', `${wrong}.${hint}`, {
      details: { table: tableName },
      cause: error,
    });
  }
}

function whatIsWrong(error: unknown, tableName: string): string | undefined {
  if (isMissing(error)) return `there is no table ${tableName} in this region and account`;
  // So DynamoDB says that a key or an index is not one of the table's.
  const isOther = error instanceof Error && error.name === 'ValidationException';
  return isOther
    ? `table ${tableName} is no outbox table: its keys are not pk and sk, or it has no index ${names.waitingIndex}`
    : undefined;
}

function whichThereAre(tableName: string, tables: readonly string[]): string {
  const hint = didYouMean(tableName, tables);
  if (hint !== '' || tables.length === 0) return hint;
  return ` Tables of outboxes here:\n${tables.map((table) => `  --table ${table}`).join('\n')}`;
}

/**
 * Opens the archive of an outbox: the one that is named, or the one that its functions say; `undefined` where
 * it has none.
 *
 * @throws OutboxError `OPTION_INVALID`; `OUTBOX_NOT_FOUND` where one is named, and no function says the source
 */
export async function openArchiveOf(
  session: Session,
  named: string | undefined,
): Promise<ArchiveReader | undefined> {
  const location = named ?? session.archive;
  if (location === undefined) return undefined;
  const { bucket, prefix } = readArchiveLocation(location);
  const { source } = configOf(session);
  const { createS3Archive } = await import('../archive/s3.ts');
  const archive = createS3Archive({ client: await session.clients.openS3(), bucket });
  return openArchive({ prefix, source, archive });
}
