import { groupBy, pickDefined } from '../core/collections.ts';
import type { Acceptance, WriterConfig } from '../core/environment.ts';
import { OutboxError } from '../core/errors.ts';
import { matchesType } from '../core/event-types.ts';
import { limits, ownLimits } from '../core/limits.ts';
import type { Clock, Log, Random } from '../core/ports.ts';
import type { TransactItem, Transactor } from '../dynamodb/actions.ts';
import { itemBytes } from '../dynamodb/items.ts';
import { draftEvents, type Draft } from '../events/draft.ts';
import type { OutboxEvent } from '../events/event.ts';
import type { TraceSource } from '../events/trace.ts';
import {
  contextKeys,
  entryToRow,
  type Entry,
  type EventContext,
  type Row,
} from '../table/entry.ts';
import { deferredEntryKey, entryKey, pageOf, table, timeOfId, waitingKey } from '../table/keys.ts';
import { toMessageJson } from '../table/message.ts';
import { backdatedAfterMs, backdatedToRow } from '../table/sweep-notes.ts';
import { waitingToRow } from '../table/waiting.ts';
import { numberDrafts } from './sequence.ts';

/** An event as it is written: its number is known. */
export interface WrittenEvent {
  readonly id: string;
  readonly type: string;
  readonly sequence?: number;
}

/** The actions that write events. */
export interface Prepared {
  /** One per aggregate with events that ask for the next sequence; they fail when another writer was faster. */
  readonly counters: readonly TransactItem[];
  /** One per event, in their order; they fail where the event was written before. */
  readonly puts: readonly TransactItem[];
  readonly events: readonly WrittenEvent[];
  /** What tells the sweeper of pages that it may have swept by the time the events are written. Unconditional. */
  readonly notes: readonly TransactItem[];
  /** Ids of events that were written before, and have come due since. */
  readonly alreadyWritten: readonly string[];
}

/** When events are written that are prepared now. */
export type WrittenWhen =
  /** At once: a page is noted only where an id is a minute old already. */
  | 'now'
  /** Within the hour: each page is noted. */
  | 'later'
  /** At once, or again by the same call later: each page is noted, and always in the same way. */
  | 'repeatedly';

/**
 * Checks and validates events, all but what their sequence adds to.
 *
 * @throws OutboxError what {@link draftEvents} finds; `EVENT_STALE`
 */
export async function draftWrite(
  writer: Writer,
  events: readonly OutboxEvent[],
  context?: EventContext,
): Promise<Draft[]> {
  const drafts = await draftEvents(events, context, writer.trace);
  const now = writer.clock.now();
  drafts.forEach((draft) => {
    checkFresh(draft, now);
  });
  return drafts;
}

/**
 * The actions that write drafts. Reads the counters of aggregates whose events ask for the next
 * sequence; after a lost race, call it again.
 *
 * @throws OutboxError `EVENT_TYPE_UNWANTED`, `MESSAGE_TOO_LARGE`, `ENTRY_TOO_LARGE`, `TABLE_NOT_FOUND`
 */
export async function prepareDrafts(
  writer: Writer,
  drafts: readonly Draft[],
  when: WrittenWhen,
): Promise<Prepared> {
  const { config, transactor, clock } = writer;
  const now = clock.now();
  const alreadyWritten = await findComeDue(drafts, now, writer);
  const { entries, counters } = await numberDrafts(drafts, {
    transactor,
    tableName: config.tableName,
  });
  return {
    counters,
    puts: entries.map((entry, index) =>
      putEntry(entry, { config, dueAt: dueAfter(now, drafts[index]) }),
    ),
    notes: noteBackdated(
      entries.filter((_, index) => dueAfter(now, drafts[index]) === undefined),
      { config, now, when },
    ),
    events: entries.map((entry) => pickDefined(entry, ['id', 'type', 'sequence'])),
    alreadyWritten,
  };
}

/** One note for each page, under the first of its events. */
function noteBackdated(
  entries: readonly Entry[],
  { config, now, when }: { config: WriterConfig; now: number; when: WrittenWhen },
): TransactItem[] {
  const backdated = entries.filter(
    ({ id }) => when !== 'now' || now - timeOfId(id) >= backdatedAfterMs,
  );
  const byPage = groupBy(backdated, ({ id }) => pageOf(timeOfId(id)));
  return [...byPage.values()].flatMap(([first]) => {
    if (first === undefined) return [];
    const writtenAt = when === 'repeatedly' ? timeOfId(first.id) : now;
    const Item = backdatedToRow(first.id, { writtenAt, retentionMs: config.retentionMs });
    return { Put: { TableName: config.tableName, Item } };
  });
}

/** Writes an entry to its page, or where it is due later to the waiting room. */
function putEntry(
  entry: Entry,
  { config, dueAt }: { config: WriterConfig; dueAt: number | undefined },
): TransactItem {
  checkAccepted(entry, config.accepts);
  const Item =
    dueAt === undefined
      ? entryToRow(entry, config)
      : waitingToRow({ entry, state: 'deferred', dueAt, attempts: 0, blocksLane: false });
  checkEntrySize(entry, Item);
  const notWrittenBefore = `attribute_not_exists(${table.pk})`;
  return { Put: { TableName: config.tableName, Item, ConditionExpression: notWrittenBefore } };
}

/** What writing events takes. */
export interface Writer {
  readonly config: WriterConfig;
  readonly transactor: Transactor;
  readonly clock: Clock;
  readonly random: Random;
  /** @default - OpenTelemetry's active span, then what the context says */
  readonly trace?: TraceSource;
  /** @default - silent */
  readonly log?: Log;
  /**
   * Tries of one transaction, where each meets a conflict or is throttled.
   *
   * @default - as many as a transaction is given
   */
  readonly maxAttempts?: number;
}

/**
 * Checks that an event's id is of the present, or of when the event is due: its page follows from it, and must
 * not be settled yet.
 *
 * @throws OutboxError `EVENT_STALE`
 */
function checkFresh({ entry, deliverAt = 0 }: Draft, now: number): void {
  const { id, type } = entry;
  const ageMs = Math.max(now, deliverAt) - timeOfId(id);
  const limit = ownLimits.maxEventAgeMs;
  if (Math.abs(ageMs) <= limit) return;
  throw new OutboxError(
    'EVENT_STALE',
    `event ${type} ${id} has an id of ${ageMs} ms before it is written, or due, which may be ${limit} ms at most, before or after: ` +
      'make it anew, and check the clock of the machine that made it',
    { details: { type, eventId: id, ageMs, limit } },
  );
}

/**
 * Checks that some destination takes an entry's type, and that its message fits every one that does.
 *
 * @throws OutboxError `EVENT_TYPE_UNWANTED`, `MESSAGE_TOO_LARGE`
 */
function checkAccepted(entry: Entry, accepts: readonly Acceptance[]): void {
  const { id, type } = entry;
  const takers = accepts.filter(({ types }) => matchesType(types, type));
  if (takers.length === 0) {
    throw new OutboxError(
      'EVENT_TYPE_UNWANTED',
      `no destination of the outbox takes events of type ${type}: add the type to a destination, or do not write the event`,
      { details: { type, eventId: id, taken: accepts.flatMap(({ types = ['*'] }) => types) } },
    );
  }
  const limit = Math.min(...takers.map(({ maxMessageBytes }) => maxMessageBytes));
  const bytes = Buffer.byteLength(toMessageJson(entry, '')) + ownLimits.messageOverheadBytes;
  if (bytes <= limit) return;
  throw new OutboxError(
    'MESSAGE_TOO_LARGE',
    `message of ${type} ${id} takes up to ${bytes} bytes, but a destination of its type takes ${limit} at most: ${keepElsewhere}`,
    { details: { type, eventId: id, bytes, limit } },
  );
}

/**
 * Checks that an entry's row fits the table, and its copy in the waiting room too.
 *
 * @throws OutboxError `ENTRY_TOO_LARGE`
 */
function checkEntrySize({ id, type }: Entry, row: Row): void {
  const bytes = itemBytes(row) + ownLimits.waitingOverheadBytes;
  const limit = limits.table.maxItemBytes;
  if (bytes <= limit) return;
  throw new OutboxError(
    'ENTRY_TOO_LARGE',
    `entry of ${type} ${id} takes ${bytes} bytes of a table's ${limit} (${ownLimits.waitingOverheadBytes} of them for the waiting room): ${keepElsewhere}`,
    { details: { type, eventId: id, bytes, limit } },
  );
}

const keepElsewhere = 'keep large data in S3 and its place in the event';

/** When an event is due that is not due yet at `now`. Epoch milliseconds. */
function dueAfter(now: number, { deliverAt }: Partial<Draft> = {}): number | undefined {
  return deliverAt !== undefined && deliverAt > now ? deliverAt : undefined;
}

/**
 * Ids of events that were deferred when they were first written, and have come due since: written again, they
 * would go to another place than then, and be delivered twice.
 */
async function findComeDue(
  drafts: readonly Draft[],
  now: number,
  writer: Writer,
): Promise<string[]> {
  const due = drafts.filter(({ deliverAt = Infinity }) => deliverAt <= now);
  const found = await Promise.all(due.map((draft) => findWritten(draft, writer)));
  return due.filter((_, index) => found[index] !== undefined).map(({ entry }) => entry.id);
}

/**
 * Drafts with the context that their events were written with before; `undefined` where one of them was not.
 *
 * The context differs from call to call: a trace names the invocation, a correlation id the request. With the one of
 * the first call a repeated call is the same transaction again, and its token says so.
 */
export async function withWrittenContext(
  drafts: readonly Draft[],
  writer: Writer,
): Promise<Draft[] | undefined> {
  const rows = await Promise.all(drafts.map((draft) => findWritten(draft, writer)));
  const written = drafts.flatMap((draft, index) => {
    const row = rows[index];
    return row === undefined ? [] : [{ ...draft, entry: inContext(draft.entry, row) }];
  });
  return written.length === drafts.length ? written : undefined;
}

function inContext(
  { id, type, version, aggregate, data }: Draft['entry'],
  row: Row,
): Draft['entry'] {
  return { id, type, version, aggregate, data, ...pickDefined(row as EventContext, contextKeys) };
}

/** The row of an event that was written before. */
async function findWritten(
  { entry, deliverAt }: Draft,
  { config: { tableName, shards }, transactor }: Writer,
): Promise<Row | undefined> {
  if (deliverAt === undefined) return transactor.get(tableName, { ...entryKey(entry, shards) });
  // In the order of its way: one that leaves the waiting room between two looks is met in its page.
  const waiting = await transactor.get(tableName, { ...waitingKey(entry) });
  return waiting ?? transactor.get(tableName, { ...deferredEntryKey(entry, shards) });
}
