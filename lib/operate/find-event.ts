import { definedOnly } from '../core/collections.ts';
import type { ArchivedEntry, ArchivedOutcome } from '../table/archive.ts';
import { isInvalidEntry, type Entry } from '../table/entry.ts';
import { isEventId, pageOf, parsePageKey, timeOfId, waitingKey, type Key } from '../table/keys.ts';
import { closingAgeMs } from '../table/page-times.ts';
import type { Receipt } from '../table/receipt.ts';
import type { AuditNote, InvalidPageRow, OperateStore } from '../table/stores.ts';
import { isInvalidRow, keyOfWaiting, type InvalidRow, type Waiting } from '../table/waiting.ts';
import { select } from './selection.ts';

/** All that the table knows of one event. */
export interface EventTrail {
  readonly eventId: string;
  readonly status: EventStatus;
  /** From its page; where that expired from the waiting room, or from the archive. */
  readonly entry?: Entry;
  /** What lies in its place and is no valid entry. */
  readonly invalid?: InvalidRow;
  readonly waiting?: Waiting;
  /** What the archive says of it, where the table does not hold it any more. */
  readonly archived?: Pick<ArchivedEntry, 'outcome' | 'outcomeAt'>;
  /** Those that speak of it, oldest first. */
  readonly receipts: readonly Receipt[];
  /** What people did to it, oldest first. */
  readonly audit: readonly AuditNote[];
}

/**
 * - `in flight`: written, and on its way.
 * - `waiting`: in the waiting room.
 * - `settled`: so old that its receipts may have expired before it; it was published or discarded.
 * - `unknown`: the table does not hold it, or not any more.
 */
export type EventStatus =
  'in flight' | 'waiting' | 'published' | 'discarded' | 'settled' | 'unknown';

/** Looks an event up by its id: its key follows from it, so this reads two keys a shard, and no index. */
export async function findEvent(
  eventId: string,
  store: OperateStore,
  now: number,
): Promise<EventTrail> {
  const found = await store.findInPage(eventId);
  const { inPage, invalid } = sortOut(found);
  // Receipts after the row: what leaves the waiting room in between has its receipt by then.
  const waiting = await (invalid === undefined
    ? findWaitingOf(eventId, inPage, store)
    : findWaitingRow(invalid.key, store));
  const receipts = await receiptsOf(eventId, invalid, store);
  const entry = inPage ?? entryOf(waiting);
  return {
    eventId,
    status: statusOf({ entry, invalid, waiting, receipts }, now),
    ...definedOnly({ entry, invalid, waiting }),
    receipts,
    audit: await store.readAudit({ eventId }),
  };
}

function sortOut(found: Entry | InvalidPageRow | undefined): {
  inPage?: Entry;
  invalid?: InvalidPageRow;
} {
  if (found === undefined) return {};
  return isInvalidEntry(found) ? { invalid: found } : { inPage: found };
}

interface Found {
  readonly entry: Entry | undefined;
  readonly invalid: InvalidPageRow | undefined;
  readonly waiting: Waiting | undefined;
  readonly receipts: readonly Receipt[];
}

function statusOf({ entry, invalid, waiting, receipts }: Found, now: number): EventStatus {
  if (waiting !== undefined) return 'waiting';
  const outcomes = receipts.map(({ outcome }) => outcome);
  if (outcomes.includes('published')) return 'published';
  if (outcomes.includes('discarded')) return 'discarded';
  if (entry === undefined) return invalid === undefined ? 'unknown' : 'in flight';
  return now - timeOfId(entry.id) > closingAgeMs ? 'settled' : 'in flight';
}

async function receiptsOf(
  eventId: string,
  invalid: InvalidPageRow | undefined,
  store: OperateStore,
): Promise<Receipt[]> {
  const receipts = await store.readReceipts(pageOf(timeOfId(eventId)));
  const isMeant = ({ eventIds, invalidRows = [] }: Receipt): boolean =>
    eventIds.includes(eventId) || (invalid !== undefined && invalidRows.includes(invalid.key.sk));
  return receipts.filter(isMeant).toSorted((a, b) => a.time - b.time);
}

function entryOf(waiting: Waiting | undefined): Entry | undefined {
  return waiting === undefined || isInvalidRow(waiting.entry) ? undefined : waiting.entry;
}

/**
 * The waiting row of an event. By its key where the entry is still in its page, or has no sequence;
 * else by a look at the index of what waits, never at the entries.
 */
export async function findWaitingOf(
  eventId: string,
  entry: Entry | undefined,
  store: OperateStore,
): Promise<Waiting | undefined> {
  // Without a sequence an entry waits under its own id, not under its aggregate.
  const key = waitingKey(entry ?? { id: eventId, aggregate: '' });
  const waiting = await store.getWaiting(key);
  return waiting === undefined && entry === undefined ? findInIndex(eventId, store) : waiting;
}

/** The waiting row of a row that is no valid entry. */
export function findWaitingRow(key: Key, store: OperateStore): Promise<Waiting | undefined> {
  return store.getWaiting(keyOfWaiting({ key, json: '' }));
}

async function findInIndex(eventId: string, store: OperateStore): Promise<Waiting | undefined> {
  for await (const { id, key } of select(store, {})) {
    if (id === eventId) return store.getWaiting(key);
  }
  return undefined;
}

/** Finds an event in an archive, by its id. */
export interface ArchivedEvents {
  find(eventId: string): Promise<ArchivedEntry | undefined>;
}

/** Whether the table has lost what a trail is of, or never had it. */
export function isGone({ entry, invalid }: EventTrail): boolean {
  return entry === undefined && invalid === undefined;
}

/** The trail of an event that the table does not hold any more, with what the archive says of it. */
export async function withArchived(
  trail: EventTrail,
  archive: ArchivedEvents,
): Promise<EventTrail> {
  const found = await archive.find(trail.eventId);
  if (found === undefined) return trail;
  const { entry, outcome, outcomeAt } = found;
  return {
    ...trail,
    // Receipts are kept for longer than the entry where it waited for long: they know better.
    status: trail.status === 'unknown' ? archivedStatusOf(outcome) : trail.status,
    entry,
    archived: { outcome, ...definedOnly({ outcomeAt }) },
  };
}

/** What waited when it was archived, and no longer does, was published or discarded since. */
function archivedStatusOf(outcome: ArchivedOutcome): EventStatus {
  return outcome === 'published' || outcome === 'discarded' ? outcome : 'settled';
}

/** What a person may name: an event, an aggregate, or a row of a page that is no valid entry. */
export type Reference =
  | { readonly kind: 'event'; readonly eventId: string }
  | { readonly kind: 'aggregate'; readonly aggregate: string }
  | { readonly kind: 'row'; readonly key: Key };

/** Reads what a person named; `undefined` where it is nothing of the kind. An event id may be in upper case. */
export function readReference(text: string): Reference | undefined {
  const lower = text.trim().toLowerCase();
  if (isEventId(lower)) return { kind: 'event', eventId: lower };
  const slash = text.indexOf('/');
  if (slash < 1 || slash === text.length - 1) return undefined;
  const [pk, sk] = [text.slice(0, slash), text.slice(slash + 1)];
  return parsePageKey(pk) === undefined
    ? { kind: 'aggregate', aggregate: text }
    : { kind: 'row', key: { pk, sk } };
}
