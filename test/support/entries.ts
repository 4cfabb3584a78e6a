import type { Entry } from '../../lib/table/entry.ts';
import type { Receipt } from '../../lib/table/receipt.ts';
import type { Waiting } from '../../lib/table/waiting.ts';
import { newId } from '../../lib/core/system.ts';

/** A moment in the middle of a minute. */
export const someTime = Date.parse('2026-11-21T04:37:30.000Z');
export const somePage = '2026-11-21T04:37';
export const retentionMs = 14 * 24 * 60 * 60 * 1000;

/** A valid entry, of {@link someTime} unless its id says otherwise. */
export function anEntry(over: Partial<Entry> = {}): Entry {
  return {
    id: newId(someTime),
    type: 'order.placed',
    version: 1,
    aggregate: 'order/42',
    data: '{"total":12}',
    ...over,
  };
}

/** A receipt of {@link somePage}. */
export function aReceipt(over: Partial<Receipt> = {}): Receipt {
  return {
    id: newId(someTime),
    page: somePage,
    outcome: 'published',
    time: someTime,
    eventIds: [newId(someTime)],
    expiresAt: Math.ceil((someTime + retentionMs) / 1000),
    ...over,
  };
}

/** An entry that failed once and holds nobody. */
export function aWaiting(over: Partial<Waiting> = {}): Waiting {
  return {
    entry: anEntry(),
    state: 'retrying',
    dueAt: someTime + 60_000,
    attempts: 1,
    blocksLane: false,
    ...over,
  };
}
