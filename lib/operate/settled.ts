import type { Receipt } from '../table/receipt.ts';

/** What receipts speak of: event ids, and sort keys of rows that are no valid entries. */
export function settledBy(receipts: readonly Receipt[]): ReadonlySet<string> {
  return new Set(
    receipts.flatMap(({ eventIds, invalidRows = [] }) => [...eventIds, ...invalidRows]),
  );
}
