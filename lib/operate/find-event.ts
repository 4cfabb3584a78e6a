import type { ArchivedEntry } from '../table/archive-line.ts';
import { isInvalidEntry, type Entry } from '../table/entry.ts';
import { pageOf, timeOfId } from '../table/keys.ts';
import { definedOnly } from '../core/pick.ts';
import type { Receipt } from '../table/receipt.ts';
import { isInvalidRow, type InvalidRow, type Waiting } from '../table/waiting.ts';
import type { OperateStore } from '../table/operate-store.ts';
import type { InvalidPageRow } from '../table/store.ts';
import type { AuditNote } from '../table/sweep-store.ts';
import { closingAgeMs } from '../table/page-times.ts';
import { findWaitingOf, findWaitingRow } from './find-waiting.ts';

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
 * - `settled`: so old that its receipts may have expired before it; it was published or given up.
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
