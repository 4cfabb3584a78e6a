import type { ArchivedEntry } from './archive-line.ts';
import { pickEntry, type Entry, type Row } from './entry.ts';
import { type Key } from './keys.ts';
import { shardOf } from '../core/group-by.ts';
import type { ReceiptOutcome } from './receipt.ts';

/** An entry that left the waiting room so late that its page may have been archived before. */
export interface LateEntry extends ArchivedEntry {
  readonly outcome: ReceiptOutcome;
  readonly outcomeAt: number;
  /** Epoch seconds. */
  readonly expiresAt: number;
}

/** Keys that late entries spread over, to stay clear of a partition's write limit. */
const spread = 4;
const prefix = 'late#';

/** The partition keys of late entries, as a pattern of IAM's. */
export const latePattern = `${prefix}*`;

/** The partition keys of late entries. In each they lie by their event ids, which is by the events' times. */
export const lateKeys: readonly string[] = Array.from(
  { length: spread },
  (_, index) => `${prefix}${index}`,
);

export function lateKey(eventId: string): Key {
  return { pk: `${prefix}${shardOf(eventId, spread)}`, sk: eventId };
}

/** The outbox table's row of a late entry: the whole entry, which may have expired from its page. */
export function lateToRow({ entry, outcome, outcomeAt, expiresAt }: LateEntry): Row {
  return { ...lateKey(entry.id), ...entry, outcome, outcomeAt, expiresAt };
}

export function rowToLate(row: Row): LateEntry {
  const { outcome, outcomeAt, expiresAt } = row as unknown as LateEntry;
  return { entry: pickEntry(row as unknown as Entry), outcome, outcomeAt, expiresAt };
}
