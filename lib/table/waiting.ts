import { pickDefined, shardOf } from '../core/collections.ts';
import { limits, ownLimits } from '../core/limits.ts';
import { cutToBytes } from '../core/redact.ts';
import { pickEntry, type Entry, type Row } from './entry.ts';
import { isEventId, table, waitingKey, waitingPrefix, type Key } from './keys.ts';

/**
 * Why an entry waits: `deferred` (due later), `retrying` (failed, due again), `held` (an earlier entry
 * of its aggregate waits for an ordered destination), `parked` (needs manual action).
 */
export type WaitingState = 'deferred' | 'retrying' | 'held' | 'parked';

export const waitingStates: readonly WaitingState[] = ['deferred', 'retrying', 'held', 'parked'];

/** Why the last attempt did not succeed. Never holds a payload. */
export interface DeliveryError {
  readonly code: string;
  readonly message: string;
  /** Name of the destination that refused, where one did. */
  readonly destination?: string;
}

/** An attempt to deliver that did not succeed, and that lived to say so. */
export interface Attempt {
  /** Epoch milliseconds. */
  readonly at: number;
  /** Code of its error. */
  readonly code: string;
}

/** A row of the outbox table that should hold an entry and does not, kept whole so that a person can judge it. */
export interface InvalidRow {
  readonly key: Key;
  /** The whole row as JSON. */
  readonly json: string;
}

/**
 * An operator's decision to discard an entry that has a sequence. It waits until its consumers received a
 * skip notice for its sequence.
 */
export interface DiscardRequest {
  /** Id of the note in the record of what people did. */
  readonly id: string;
  /** Epoch milliseconds. */
  readonly at: number;
  readonly by: string;
  readonly reason: string;
}

/** An entry in the waiting room. It stays until it is published or discarded: it has no expiry. */
export interface Waiting {
  /** What waits: a copy of the entry, whole, since the entry itself expires; or a row that is none. */
  readonly entry: Entry | InvalidRow;
  readonly state: WaitingState;
  /** When it is looked at next, epoch milliseconds. A parked one is due when it was parked. */
  readonly dueAt: number;
  /** Delivery attempts that were started, counted before each attempt. */
  readonly attempts: number;
  /** Destinations that still lack it. All that want its type, if it says nothing. */
  readonly missing?: readonly string[];
  /** Whether an ordered destination lacks it, so that later entries of its aggregate are held. */
  readonly blocksLane: boolean;
  readonly error?: DeliveryError;
  /**
   * The last attempts, oldest first, those of earlier rounds included: at most {@link ownLimits.maxAttemptsKept}.
   * One that died is missing here, and counted in `attempts`.
   */
  readonly recentAttempts?: readonly Attempt[];
  /** Epoch milliseconds. */
  readonly firstTriedAt?: number;
  readonly lastTriedAt?: number;
  /**
   * Attempts that were started and have no recorded result, the present one included: more than one if the
   * last one crashed.
   *
   * @default 0
   */
  readonly unfinishedAttempts?: number;
  /** Whether it lies in no page yet, having been deferred: it is written to its page when it leaves. */
  readonly notInPage?: true;
  /** If it was discarded: a skip notice is delivered in its place, and its receipt says `discarded`. */
  readonly discard?: DiscardRequest;
}

/** Keys that one state spreads over in the waiting index, to stay clear of a partition's write limit. */
const waitingIndexSpread = 4;

/** What the waiting index holds in addition to the keys: enough to list and filter, never the data. */
export const waitingIndexAttributes = [
  'id',
  'type',
  'aggregate',
  'sequence',
  'state',
  'attempts',
  'blocksLane',
  'unfinishedAttempts',
  'errorCode',
  'firstTriedAt',
  'lastTriedAt',
  'discard',
] as const;

export function isInvalidRow(entry: Entry | InvalidRow): entry is InvalidRow {
  return 'json' in entry;
}

/** Key of what waits. A row that is no entry waits under its own key. */
export function keyOfWaiting(entry: Entry | InvalidRow): Key {
  if (!isInvalidRow(entry)) return waitingKey(entry);
  const { pk, sk } = entry.key;
  return { pk: cutToBytes(`${waitingPrefix}${pk}`, limits.table.maxPartitionKeyBytes), sk };
}

/** The aggregate whose later entries are held behind this one, if there is any. */
export function heldAggregateOf({ entry, blocksLane }: Waiting): string | undefined {
  return isInvalidRow(entry) || !blocksLane ? undefined : entry.aggregate;
}

/** Whether an entry lies in no page yet: it is deferred, or was when it was first tried. */
export function isPageless({
  state,
  notInPage: notInPage,
}: Pick<Waiting, 'state' | 'notInPage'>): boolean {
  return state === 'deferred' || notInPage === true;
}

/** The attribute of an aggregate's hold row with the number of its entries that hold it. */
export const holdCount = 'waiting';

/** How many entries hold the aggregate that a hold row is of; 0 where there is no such row. */
export function holdsOf(row: Row | undefined): number {
  return (row?.[holdCount] as number | undefined) ?? 0;
}

/** Partition keys of the waiting index that hold a state. */
export function waitingIndexKeys(state: WaitingState): string[] {
  return Array.from({ length: waitingIndexSpread }, (_, spread) => `${state}#${spread}`);
}

/** The partition key of the waiting index under which a row of this key and state is found. */
export function waitingIndexKey(key: Key, state: WaitingState): string {
  return `${state}#${shardOf(key.sk, waitingIndexSpread)}`;
}

/** The outbox table's row of a waiting entry. */
export function waitingToRow(waiting: Waiting): Row {
  const { entry, error, ...rest } = waiting;
  const key = keyOfWaiting(entry);
  return {
    ...key,
    ...(isInvalidRow(entry) ? { invalid: { ...entry.key }, json: entry.json } : entry),
    ...rest,
    ...(error === undefined ? {} : errorAttributes(error)),
    [table.waitingKey]: waitingIndexKey(key, waiting.state),
  };
}

/** What a row of the waiting room holds. Never throws: one that anybody wrote by hand may hold nonsense. */
export function rowToWaiting(row: Row): Waiting {
  const { errorCode, ...fields } = row;
  return {
    entry: 'json' in row ? invalidRowOf(row) : entryIn(row),
    state: fields['state'] as WaitingState,
    dueAt: fields['dueAt'] as number,
    attempts: fields['attempts'] as number,
    blocksLane: fields['blocksLane'] as boolean,
    ...pickDefined(fields as Partial<Waiting>, [
      'missing',
      'firstTriedAt',
      'lastTriedAt',
      'unfinishedAttempts',
      'notInPage',
      'discard',
    ]),
    ...(Array.isArray(fields['recentAttempts'])
      ? { recentAttempts: fields['recentAttempts'] as Attempt[] }
      : {}),
    ...(errorCode === undefined ? {} : { error: errorOf(row) }),
  };
}

/** What is remembered of attempts after one more. */
export function withAttempt(tried: readonly Attempt[] = [], { at, code }: Attempt): Attempt[] {
  const attempt = { at, code: cutToBytes(code, ownLimits.maxErrorCodeBytes) };
  return [...tried, attempt].slice(-ownLimits.maxAttemptsKept);
}

/** The attributes under which an error is kept: flat, so that the index can hold its code, and cut where too long. */
function errorAttributes(error: DeliveryError): Row {
  return {
    errorCode: cutToBytes(error.code, ownLimits.maxErrorCodeBytes),
    errorMessage: cutToBytes(error.message, ownLimits.maxErrorMessageBytes),
    ...(error.destination === undefined ? {} : { errorDestination: error.destination }),
  };
}

function errorOf(row: Row): DeliveryError {
  const { errorCode, errorMessage, errorDestination } = row as Record<string, string | undefined>;
  return {
    code: errorCode ?? 'unknown',
    message: errorMessage ?? '',
    ...(errorDestination === undefined ? {} : { destination: errorDestination }),
  };
}

/** The entry of a row that waits under its key; else the row as it is, which then can be parked and discarded. */
function entryIn(row: Row): Entry | InvalidRow {
  const entry = pickEntry(row as unknown as Entry);
  const { pk, sk } = row as unknown as Key;
  const key = isEventId(entry.id) ? waitingKey(entry) : undefined;
  if (key?.pk === pk && key.sk === sk) return entry;
  const json = JSON.stringify(row).slice(0, ownLimits.maxInvalidRowChars);
  return { key: { pk: pk.slice(waitingPrefix.length), sk }, json };
}

function invalidRowOf(row: Row): InvalidRow {
  return { key: row['invalid'] as Key, json: row['json'] as string };
}

/** What the waiting index tells of a waiting row: enough to list and to pick, never the data. */
export interface WaitingSummary {
  readonly key: Key;
  readonly state: WaitingState;
  /** Epoch milliseconds, as all times here. */
  readonly dueAt: number;
  readonly attempts: number;
  readonly blocksLane: boolean;
  /** Attempts that were started and have no recorded result. @default 0 */
  readonly unfinishedAttempts?: number;
  /** Absent, as what follows, for a row that is no valid entry. */
  readonly id?: string;
  readonly type?: string;
  readonly aggregate?: string;
  readonly sequence?: number;
  readonly errorCode?: string;
  readonly firstTriedAt?: number;
  readonly lastTriedAt?: number;
  /** Where it is being discarded: its skip notice is not delivered yet. */
  readonly discard?: DiscardRequest;
}

/** What a row of the waiting index says. */
export function rowToSummary(row: Row): WaitingSummary {
  const { pk, sk } = row as unknown as Key;
  const named = pickDefined(row as unknown as WaitingSummary, ['dueAt', ...waitingIndexAttributes]);
  return { key: { pk, sk }, ...named };
}

/** What the index says of a waiting row. */
export function summaryOf(waiting: Waiting): WaitingSummary {
  return rowToSummary(waitingToRow(waiting));
}

/** What a waiting row is recognised by, and what a claim counts on from. */
export type SeenWaiting = Pick<
  WaitingSummary,
  'key' | 'state' | 'attempts' | 'dueAt' | 'unfinishedAttempts'
>;

/** What a claim changes in a row. */
export type Claimed = Pick<Waiting, 'state' | 'attempts' | 'dueAt' | 'notInPage'> &
  Required<Pick<Waiting, 'unfinishedAttempts'>>;

/**
 * What a row is once somebody took it for an attempt: the attempt counts as started, and the row is due again
 * at `until` (epoch milliseconds) should its taker die.
 */
export function claimedFrom(
  { state, attempts, unfinishedAttempts: unfinishedAttempts }: SeenWaiting,
  until: number,
): Claimed {
  return {
    state: 'retrying',
    dueAt: until,
    attempts: countOf(attempts) + 1,
    unfinishedAttempts: countOf(unfinishedAttempts) + 1,
    ...(state === 'deferred' ? { notInPage: true } : {}),
  };
}

// Anyone who may write to the table can write nonsense, which must not stop other due rows.
function countOf(value: unknown): number {
  return Number.isSafeInteger(value) ? (value as number) : 0;
}
