import { contextKeys, pickEntry, problemWithEntry, type Entry, type Row } from './entry.ts';
import { timeOfId } from './keys.ts';
import { pickDefined } from '../core/pick.ts';
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

const outcomes: readonly ArchivedOutcome[] = ['published', 'waiting', 'discarded', 'unknown'];

/** Reads what {@link toArchiveLine} wrote. Returns what is wrong with a line that it cannot have written. */
export function readArchiveLine(line: string): ArchivedEntry | { readonly problem: string } {
  const row = parseLine(line);
  const problem = row === undefined ? 'it is not a JSON object' : problemWithEntry(row);
  if (row === undefined || problem !== undefined) return { problem: problem ?? '' };
  const outcome = outcomes.find((known) => known === row['outcome']);
  if (outcome === undefined) return { problem: 'it has an unknown outcome' };
  const entry = pickEntry(row as unknown as Entry);
  const { outcomeAt: time } = row;
  if (time === undefined) return { entry, outcome };
  const outcomeAt = typeof time === 'string' ? Date.parse(time) : NaN;
  return Number.isNaN(outcomeAt)
    ? { problem: 'outcomeAt is not a time' }
    : { entry, outcome, outcomeAt };
}

function parseLine(line: string): Row | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? (value as Row) : undefined;
  } catch {
    return undefined;
  }
}

function iso(epochMs: number): string {
  return new Date(epochMs).toISOString();
}
