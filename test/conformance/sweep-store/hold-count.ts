import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { keyOfWaiting, type Waiting } from '../../../lib/table/waiting.ts';
import type { SweepStore } from '../../../lib/table/stores.ts';
import { aReceipt, someTime } from '../../support/entries.ts';
import {
  holding,
  holdsOn,
  shards,
  summaryOf,
  type SweepStoreFactory,
  type SweepStoreUnderTest,
} from './subject.ts';

/** What an actor does to one of the rows; it acts on the row as it saw it last, which may be long ago. */
interface Deed {
  readonly what: 'add' | 'look' | 'claim' | 'park' | 'stop holding' | 'remove';
  readonly row: number;
}

const rowCount = 3;
const deeds = fc.array(
  fc.record({
    what: fc.constantFrom<Deed['what']>('add', 'look', 'claim', 'park', 'stop holding', 'remove'),
    row: fc.integer({ min: 0, max: rowCount - 1 }),
  }),
  { maxLength: 12 },
);

export function describeHoldCount(create: SweepStoreFactory, interleavings: number): void {
  describe('the count of holds', () => {
    it('is that of the rows that hold, whatever two actors do at the same time', async () => {
      await fc.assert(
        fc.asyncProperty(deeds, deeds, async (ones, others) => {
          const subject = await create({ shards });
          const rows = Array.from({ length: rowCount }, (_, index) => holding(index + 1));

          await Promise.all([act(subject.store, rows, ones), act(subject.store, rows, others)]);

          expect(await holdsOn('order/1', subject)).toBe(await countHolding(subject));
        }),
        { numRuns: interleavings },
      );
    });
  });
}

async function act(
  store: SweepStore,
  rows: readonly Waiting[],
  deeds: readonly Deed[],
): Promise<void> {
  const seen = [...rows];
  for (const { what, row } of deeds) {
    const now = await doDeed[what](store, seen[row]!);
    if (now !== undefined) seen[row] = now;
  }
}

/** Each answers with the row as it is then, as far as it is known. */
const doDeed: Record<
  Deed['what'],
  (store: SweepStore, row: Waiting) => Promise<Waiting | undefined>
> = {
  add: async (store, row) => {
    await store.addWaiting([row]);
    return undefined;
  },
  look: (store, row) => store.getWaiting(keyOfWaiting(row.entry)),
  claim: (store, row) => store.claimWaiting(summaryOf(row), row.dueAt + 1),
  park: (store, row) => change(store, row, { ...row, state: 'parked', dueAt: someTime }),
  'stop holding': (store, row) =>
    change(store, row, { ...row, blocksLane: false, dueAt: row.dueAt + 1 }),
  remove: async (store, row) => {
    await store.removeWaiting(row, { receipt: aReceipt() });
    return undefined;
  },
};

async function change(
  store: SweepStore,
  before: Waiting,
  after: Waiting,
): Promise<Waiting | undefined> {
  return (await store.changeWaiting(before, after)) ? after : undefined;
}

async function countHolding({ rows }: SweepStoreUnderTest): Promise<number> {
  return (await rows()).filter(({ blocksLane }) => blocksLane === true).length;
}
