import type { DestinationConfig, RelayConfig } from '../../contract/environment.ts';
import { OutboxError } from '../../contract/error.ts';
import { pageAfter, pageOf, pageStart, type Page } from '../../contract/keys.ts';
import { definedOnly } from '../../contract/pick.ts';
import type { ReplayRequest } from '../../relay/operate/replay/request.ts';
import { didYouMean } from '../nearest.ts';
import type { CommonOptions } from '../options.ts';
import type { Session } from '../session.ts';
import { moment } from '../view/time.ts';

export interface ReplayOptions extends CommonOptions {
  readonly from: number;
  readonly to: number;
  readonly type?: string[];
  readonly aggregate?: string;
  readonly toDestination?: string;
  readonly again?: true;
  readonly why: string;
  readonly rate: number;
  readonly yes?: true;
}

/** What is asked for. To whole seconds, so that a person can type the same again. */
export function requestOf(options: ReplayOptions): ReplayRequest {
  const { type: types, aggregate, toDestination: destination } = options;
  const [from, to] = [wholeSeconds(options.from), wholeSeconds(options.to)];
  if (from < to) return { from, to, ...definedOnly({ types, aggregate, destination }) };
  throw new OutboxError(
    'OPTION_INVALID',
    `--from must be before --to, got ${moment(from)} and ${moment(to)}`,
    { facts: { from, to } },
  );
}

/**
 * How the outbox's own functions are configured.
 *
 * @throws OutboxError `OUTBOX_NOT_FOUND` where none was found
 */
export function configOf({ place }: Session): RelayConfig {
  if (place.config !== undefined) return place.config;
  throw new OutboxError(
    'OUTBOX_NOT_FOUND',
    `no function of the outbox on table ${place.tableName} was found, which would say where to deliver: allow lambda:ListFunctions, or name the outbox by --stack`,
    { facts: { table: place.tableName } },
  );
}

/** The destinations meant: the one named, or all. */
export function destinationsOf(
  { destinations }: RelayConfig,
  wanted: string | undefined,
): readonly DestinationConfig[] {
  const meant = destinations.filter(({ name }) => wanted === undefined || name === wanted);
  if (meant.length > 0) return meant;
  const names = destinations.map(({ name }) => name);
  throw new OutboxError(
    'OPTION_INVALID',
    `the outbox has no destination ${wanted ?? ''}, only ${names.join(', ')}.${didYouMean(wanted ?? '', names)}`,
    { facts: { destination: wanted, destinations: names } },
  );
}

/**
 * The first page that the table holds, all of which is there: what is older may have expired in part, or
 * was never written.
 *
 * @throws OutboxError `PAGES_EXPIRED` where a request begins before it, and something may have expired
 */
export async function firstKeptPage(
  { from }: ReplayRequest,
  { store, clock, retentionMs }: Session,
): Promise<Page> {
  const firstKept = pageAfter(pageOf(clock.now() - retentionMs), 1);
  const created = pageOf(await store.tableCreatedAt());
  if (created >= firstKept) return created;
  if (pageOf(from) >= firstKept) return firstKept;
  throw new OutboxError(
    'PAGES_EXPIRED',
    `the table keeps nothing from before ${moment(pageStart(firstKept))}, and --from is ${moment(from)}: begin there, or keep entries for longer (retention of the Outbox construct)`,
    { facts: { from, firstKept } },
  );
}

/** The command that asks for the same, whenever it is typed. */
export function commandFor({ from, to, types, aggregate, destination }: ReplayRequest): string {
  const parts = [
    `outbox replay --from ${moment(from)} --to ${moment(to)}`,
    ...(types ?? []).map((type) => `--type '${type}'`),
    ...(aggregate === undefined ? [] : [`--aggregate '${aggregate}'`]),
    ...(destination === undefined ? [] : [`--to-destination '${destination}'`]),
  ];
  return parts.join(' ');
}

function wholeSeconds(epochMs: number): number {
  return Math.floor(epochMs / 1000) * 1000;
}
