import { contextKeys, pickEntry, type Entry } from './entry.ts';
import { timeOfId } from './keys.ts';
import { pickDefined } from './pick.ts';
import type { ReceiptOutcome } from './receipt.ts';

/**
 * What was known of an entry when it was archived: what its receipts said; `unknown` where none did, since
 * the page was archived in haste or its receipts expired before it.
 */
export type ArchivedOutcome = ReceiptOutcome | 'unknown';

/** An entry, and what had become of it. */
export interface ArchivedEntry {
  readonly entry: Entry;
  readonly outcome: ArchivedOutcome;
  /** When that was noted, epoch milliseconds; absent where it is unknown. */
  readonly outcomeAt?: number;
}

/**
 * One line of an archive, without its end: flat JSON, so that Athena reads each name as a column. The event's
 * data is one text, as it was written.
 */
export function toArchiveLine({ entry, outcome, outcomeAt }: ArchivedEntry): string {
  return JSON.stringify({
    id: entry.id,
    occurredAt: iso(timeOfId(entry.id)),
    type: entry.type,
    version: entry.version,
    aggregate: entry.aggregate,
    ...pickDefined(entry, ['sequence', ...contextKeys]),
    data: entry.data,
    outcome,
    ...(outcomeAt === undefined ? {} : { outcomeAt: iso(outcomeAt) }),
  });
}

/** Reads what {@link toArchiveLine} wrote. Throws what `JSON.parse` throws where it is no such line. */
export function readArchiveLine(line: string): ArchivedEntry {
  const { outcome, outcomeAt, ...row } = JSON.parse(line) as Entry & {
    outcome: ArchivedOutcome;
    outcomeAt?: string;
  };
  return {
    entry: pickEntry(row),
    outcome,
    ...(outcomeAt === undefined ? {} : { outcomeAt: Date.parse(outcomeAt) }),
  };
}

function iso(epochMs: number): string {
  return new Date(epochMs).toISOString();
}
