import type { Receipt, ReceiptOutcome } from './receipt.ts';

/** The later, the more it says: who waited and was published has both receipts. */
const order: readonly ReceiptOutcome[] = ['waiting', 'discarded', 'published'];

/** The receipts that say what became of entries in the end, by event id. */
export function lastReceipts(receipts: readonly Receipt[]): Map<string, Receipt> {
  const last = new Map<string, Receipt>();
  const sorted = receipts.toSorted((a, b) => order.indexOf(a.outcome) - order.indexOf(b.outcome));
  // One by one: a page may have receipts of a million entries.
  for (const receipt of sorted) for (const id of receipt.eventIds) last.set(id, receipt);
  return last;
}
