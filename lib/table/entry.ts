import { groupBy, pickDefined } from '../core/collections.ts';
import { isEventType } from '../core/event-types.ts';
import { limits, ownLimits } from '../core/limits.ts';
import { utf8Bytes } from '../core/redact.ts';
import {
  deferredEntryKey,
  deferredEntryPrefix,
  entryKey,
  entryPrefix,
  isEventId,
  pageOf,
  parsePageKey,
  table,
  timeOfId,
} from './keys.ts';

/** Where an event comes from and what it belongs to; flows from request to event to handler to the next event. */
export interface EventContext {
  /** Shared by everything that one request set off. */
  readonly correlationId?: string;
  /** The message, request or event that directly caused this event. */
  readonly causationId?: string;
  /** W3C trace context of the writer: https://www.w3.org/TR/trace-context/ */
  readonly traceparent?: string;
  /** What vendors add to the trace; it means nothing without `traceparent`. */
  readonly tracestate?: string;
  /** On whose behalf; also the group of fair queues. */
  readonly tenant?: string;
}

/** One event as the outbox holds it: written once, never rewritten. */
export interface Entry extends EventContext {
  /** UUIDv7 in lower case. Its time is the event's time, its minute the entry's page. */
  readonly id: string;
  readonly type: string;
  /** Version of the data's shape, from 1. */
  readonly version: number;
  /** `type/id` of the business thing the event is about. */
  readonly aggregate: string;
  /** Position in the aggregate's history, from 1, where the event takes part in one. */
  readonly sequence?: number;
  /** The event's data as JSON text: kept as written, parsed only where it is used. */
  readonly data: string;
}

/** A row as the document client reads and writes it. */
export type Row = Record<string, unknown>;

/** Names of what an {@link EventContext} holds. */
export const contextKeys = [
  'correlationId',
  'causationId',
  'traceparent',
  'tracestate',
  'tenant',
] as const;

/** The outbox table's row of an entry. `expiresAt` is in epoch seconds, as DynamoDB's TTL wants it. */
export function entryToRow(entry: Entry, options: { shards: number; retentionMs: number }): Row {
  const expiresAt = Math.ceil((timeOfId(entry.id) + options.retentionMs) / 1000);
  return { ...entryKey(entry, options.shards), ...pickEntry(entry), expiresAt };
}

/**
 * The row of an entry that was deferred, written to its page together with its receipt: the stream's filter
 * passes it by. `expiresAt` is in epoch seconds.
 */
export function deferredEntryToRow(
  entry: Entry,
  { shards, expiresAt }: { shards: number; expiresAt: number },
): Row {
  return { ...deferredEntryKey(entry, shards), ...pickEntry(entry), expiresAt };
}

/** What is wrong with a row that should hold an entry. */
export interface InvalidEntry {
  readonly problem: string;
}

/**
 * The entry that a row of a page holds, or what is wrong with it.
 *
 * Anyone who may write to the table can write nonsense; nonsense is told apart here, never thrown,
 * so that it can be parked instead of blocking what comes behind it.
 */
export function rowToEntry(row: Row): Entry | InvalidEntry {
  const problem = problemWithKey(row) ?? problemWithEntry(row);
  return problem === undefined ? pickEntry(row as unknown as Entry) : { problem };
}

export function isInvalidEntry(entry: Entry | InvalidEntry): entry is InvalidEntry {
  return 'problem' in entry;
}

/** What is wrong with an entry's own attributes, in a row of any kind; `undefined` if nothing is. */
export function problemWithEntry(row: Row): string | undefined {
  const wrong = attributes.filter(({ name, isValid }) => !isValid(row[name], row));
  if (wrong.length === 0) return undefined;
  return `missing or malformed: ${wrong.map(({ name }) => name).join(', ')}`;
}

/** What an entry is made of, and what each attribute must be. */
const attributes: readonly {
  readonly name: keyof Entry;
  readonly isValid: (value: unknown, row: Row) => boolean;
}[] = [
  { name: 'id', isValid: isEventId },
  { name: 'type', isValid: (value) => typeof value === 'string' && isEventType(value) },
  { name: 'version', isValid: isCount },
  { name: 'aggregate', isValid: isAggregate },
  { name: 'sequence', isValid: (value) => value === undefined || isCount(value) },
  { name: 'data', isValid: (value, row) => isJson(value) && leavesRoomToWait(row) },
  ...(['correlationId', 'causationId', 'tenant'] as const).map((name) => ({
    name,
    isValid: (value: unknown) => value === undefined || isContextText(value),
  })),
  // A malformed one is left out of the message: a broken trace stops no event.
  ...(['traceparent', 'tracestate'] as const).map((name) => ({
    name,
    isValid: (value: unknown) => value === undefined || typeof value === 'string',
  })),
];

function problemWithKey({ pk, sk, id }: Row): string | undefined {
  if (typeof pk !== 'string' || typeof sk !== 'string') return 'pk and sk must be strings';
  const home = isEventId(id) ? pageOf(timeOfId(id)) : undefined;
  const page = parsePageKey(pk, home)?.page;
  if (page === undefined) return 'pk is no page';
  if (!namesId(sk, id)) return 'sk does not name the id';
  return [page, undefined].includes(home) ? undefined : 'the id is of another page';
}

function namesId(sk: string, id: unknown): boolean {
  return [entryPrefix, deferredEntryPrefix].some((prefix) => sk === `${prefix}${String(id)}`);
}

/** An entry without the other attributes of its row. */
export function pickEntry(row: Entry): Entry {
  return pickDefined(row, attributeNames);
}

const attributeNames = attributes.map(({ name }) => name);

/** The attributes that the row of an entry may have. A receipt cannot do with them. */
export const entryRowAttributes: readonly string[] = [
  table.pk,
  table.sk,
  table.expiresAt,
  ...attributeNames,
];
const maxBytesPerChar = 3;

// A longer one would fit no partition key: a look-up of its hold would fail for all others too.
function isAggregate(value: unknown): boolean {
  if (typeof value !== 'string' || !value.includes('/')) return false;
  return utf8Bytes(value) <= ownLimits.maxAggregateBytes;
}

// What could not be copied into the waiting room would stop its whole batch, again and again.
function leavesRoomToWait(row: Row): boolean {
  const most = limits.table.maxItemBytes - ownLimits.waitingOverheadBytes;
  const texts = attributeNames
    .map((name) => row[name])
    .filter((value) => typeof value === 'string');
  const chars = texts.reduce((sum, text) => sum + text.length, 0);
  // Counting bytes is dear, and few entries come near the limit.
  if (chars * maxBytesPerChar <= most) return true;
  return texts.reduce((sum, text) => sum + utf8Bytes(text), 0) <= most;
}

/** Whether a value can be a correlation id, a causation id or a tenant: consumers refuse a message with another one. */
export function isContextText(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= ownLimits.maxContextChars;
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 1;
}

function isJson(text: unknown): boolean {
  if (typeof text !== 'string') return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/**
 * The filter of the relay's trigger: entries as they are written; no receipts, no waiting rows, no deferred
 * ones, and nothing that expires.
 * https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html
 */
export const newEntriesPattern = {
  eventName: ['INSERT'],
  dynamodb: { Keys: { [table.sk]: { S: [{ prefix: entryPrefix }] } } },
};

/**
 * Each aggregate's entries in sequence, in the places that they have among all the others.
 *
 * What came first stays first: where the time runs out, it is the last that are left, and the next try does
 * not begin with all the same ones again.
 */
export function inSequence<T>(all: readonly T[], entryOf: (one: T) => Entry): T[] {
  const sequenceOf = (one: T): number => entryOf(one).sequence ?? 0;
  const lines = groupBy(all, (one) => aggregateOf(entryOf(one)));
  const sorted = new Map(
    [...lines].map(([aggregate, line]) => [
      aggregate,
      line.toSorted((a, b) => sequenceOf(a) - sequenceOf(b)).values(),
    ]),
  );
  return all.map((one) => sorted.get(aggregateOf(entryOf(one)))?.next().value ?? one);
}

/** The aggregate in whose history the entry has a place, if it has one. */
function aggregateOf({ aggregate, sequence }: Entry): string | undefined {
  return sequence === undefined ? undefined : aggregate;
}
