import type { Row } from './entry.ts';
import { isEventId, pageOf, table, timeOfId, type Key, type Page } from './keys.ts';
import { shardOf } from '../core/group-by.ts';

/**
 * Says that a page got an entry later than entries usually reach their page, so that the sweeper looks at it again.
 * Written in the same transaction as the entry, and found through the waiting index, whatever its time.
 */
export interface BackdatedNote {
  readonly key: Key;
  /** The page that holds the entry; `undefined` where the row is no valid note. */
  readonly page: Page | undefined;
  /** When the entry was written, as far as the writer knew; epoch milliseconds. */
  readonly writtenAt: number;
}

/** Age of an event's id from which its page may have been swept before the entry is in it: half the time that pages are left alone. */
export const backdatedAfterMs = 60_000;

/** Partition key prefix of the notes: each has a partition of its own. */
export const backdatedPrefix = 'b#';

/** Keys that the notes spread over in the waiting index. Each costs a query a minute, and takes 1,000 notes a second. */
const spread = 2;

/** Partition keys of the waiting index that hold the notes. */
export const backdatedIndexKeys: readonly string[] = Array.from(
  { length: spread },
  (_, index) => `backdated#${index}`,
);

/** The outbox table's row of a note on the page of an event. It expires with the entry. */
export function backdatedToRow(
  eventId: string,
  { writtenAt, retentionMs }: { writtenAt: number; retentionMs: number },
): Row {
  return {
    pk: `${backdatedPrefix}${eventId}`,
    sk: 'page',
    [table.waitingKey]: backdatedIndexKeys[shardOf(eventId, spread)],
    [table.dueAt]: writtenAt,
    expiresAt: Math.ceil((timeOfId(eventId) + retentionMs) / 1000),
  };
}

/**
 * The note that an item of the index stands for. Its page is `undefined` where a row names no event: whoever may write
 * to the table can write nonsense, which must not keep back the notes beside it.
 */
export function rowToBackdated({ pk, sk, [table.dueAt]: writtenAt }: Row): BackdatedNote {
  const key = { pk: String(pk), sk: String(sk) };
  const eventId = key.pk.slice(backdatedPrefix.length);
  const isSane = isEventId(eventId) && Number.isSafeInteger(writtenAt) && Number(writtenAt) >= 0;
  return {
    key,
    page: isSane ? pageOf(timeOfId(eventId)) : undefined,
    writtenAt: isSane ? Number(writtenAt) : 0,
  };
}
