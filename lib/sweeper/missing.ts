import type { Receipt } from '../table/receipt.ts';
import { inParts } from '../core/in-parts.ts';
import { inSequence } from '../table/in-sequence.ts';
import type { PageChunk } from '../table/sweep-store.ts';

/** Entries that are delivered at once: enough to fill many calls, few enough to lose little time at the deadline. */
const deliverAtOnce = 500;

/** What a page's receipts speak of. */
export interface Settled {
  readonly ids: ReadonlySet<string>;
  /** Sort keys of rows that are no valid entries. */
  readonly rows: ReadonlySet<string>;
}

export function settledBy(receipts: readonly Receipt[]): Settled {
  const ids = new Set<string>();
  const rows = new Set<string>();
  // One by one: a page may have receipts of a million entries.
  for (const { eventIds, invalidRows = [] } of receipts) {
    for (const id of eventIds) ids.add(id);
    for (const row of invalidRows) rows.add(row);
  }
  return { ids, rows };
}

/** What has no receipt yet. */
export function missingOf({ entries, invalid }: PageChunk, settled: Settled): PageChunk {
  return {
    entries: entries.filter(({ id }) => !settled.ids.has(id)),
    invalid: invalid.filter(({ key }) => !settled.rows.has(key.sk)),
  };
}

export function sizeOf({ entries, invalid }: PageChunk): number {
  return entries.length + invalid.length;
}

/** What is delivered at once, each aggregate's entries in sequence from part to part. */
export function partsOf({ entries, invalid }: PageChunk): PageChunk[] {
  const sorted = inSequence(entries, (entry) => entry);
  return [
    ...inParts(invalid, deliverAtOnce).map((part) => ({ entries: [], invalid: part })),
    ...inParts(sorted, deliverAtOnce).map((part) => ({ entries: part, invalid: [] })),
  ];
}
