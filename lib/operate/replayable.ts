import type { Entry } from '../table/entry.ts';
import { pageStart, type Page } from '../table/keys.ts';
import type { Receipt, ReceiptOutcome } from '../table/receipt.ts';
import { lastReceipts } from '../table/last-receipts.ts';
import { closingAgeMs } from '../table/page-times.ts';

/** An entry that can be delivered again; `skipped`: as a skip notice, since it was given up. */
export interface Replayable {
  readonly entry: Entry;
  readonly skipped?: true;
}

/**
 * Those of a page's entries that were delivered once.
 *
 * What waits or is on its way is left alone: it is delivered anyway. Of what was given up, only the
 * sequence is told again, or a consumer that starts from nothing would wait for it for ever. An old entry
 * without a receipt was delivered too: receipts may expire before it.
 */
export function replayableOf(
  entries: readonly Entry[],
  outcomes: ReadonlyMap<string, ReceiptOutcome>,
  { page, now }: { page: Page; now: number },
): Replayable[] {
  const isClosed = now - pageStart(page) > closingAgeMs;
  return entries.flatMap((entry): Replayable[] => {
    const outcome = outcomes.get(entry.id) ?? (isClosed ? 'published' : undefined);
    if (outcome === 'published') return [{ entry }];
    return outcome === 'discarded' && entry.sequence !== undefined
      ? [{ entry, skipped: true }]
      : [];
  });
}

/** What became of entries in the end. */
export function outcomesOf(receipts: readonly Receipt[]): Map<string, ReceiptOutcome> {
  return new Map([...lastReceipts(receipts)].map(([id, { outcome }]) => [id, outcome]));
}
