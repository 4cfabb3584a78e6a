import type { RelayConfig } from '../core/environment.ts';
import { OutboxError } from '../core/errors.ts';
import { ownLimits } from '../core/limits.ts';
import { createDynamoDBOperateStore } from '../dynamodb/operate-store.ts';
import type { OperatePorts } from '../operate/ports.ts';
import type { OperateStore } from '../table/operate-store.ts';
import type { Clients } from './aws/clients.ts';
import { findOutbox } from './aws/find-outbox.ts';
import type { OutboxPlace } from './aws/place.ts';
import { orWrongTable } from './wrong-table.ts';
import { definedOnly } from '../core/pick.ts';
import { outboxNameOf, type CommonOptions } from './options.ts';
import type { World } from './context.ts';

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
export async function openSession(options: CommonOptions, world: World): Promise<Session> {
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
    { facts: { table: place.tableName } },
  );
}

export function openClientsFor(
  { region, profile, endpointUrl }: CommonOptions,
  world: World,
): Clients {
  return world.openClients(definedOnly({ region, profile, endpointUrl }));
}

/** Looks at a table that no function is known of: whether it is an outbox's at all. */
async function checkIndex(store: OperateStore): Promise<void> {
  for await (const _ of store.listWaiting('parked', 0)) return;
}

/** The number in use, and the largest that ever was. Where nobody says, as many as there may be. */
async function readShardCounts(
  place: OutboxPlace,
  clients: Clients,
  world: World,
): Promise<number[]> {
  const shards = place.config?.shards;
  const noted = await openStore(place, { clients, world, shards: 1 }).largestShards();
  const known = [shards ?? 0, noted].filter((count) => count > 0);
  return known.length === 0 ? [ownLimits.maxShards] : [...new Set(known)];
}

function openStore(
  { tableName }: OutboxPlace,
  { clients, world, shards }: { clients: Clients; world: World; shards: number },
): OperateStore {
  const { clock, random } = world;
  return createDynamoDBOperateStore({ client: clients.dynamodb, tableName, shards, clock, random });
}
