import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { pack } from '../../lib/delivery/publish.ts';

const limits = fc.record({
  maxEntriesPerCall: fc.integer({ min: 1, max: 10 }),
  maxBytesPerCall: fc.integer({ min: 1, max: 100 }),
});
// An item is [its size, its number]: equal sizes must not hide a swap.
const items = fc
  .array(fc.integer({ min: 0, max: 120 }))
  .map((sizes) => sizes.map((size, number): [number, number] => [size, number]));
const sizeOf = ([size]: [number, number]): number => size;

describe('packing calls', () => {
  it('keeps the order and loses nothing', () => {
    fc.assert(
      fc.property(items, limits, (all, { maxEntriesPerCall, maxBytesPerCall }) => {
        const packed = pack(all, { maxEntriesPerCall, maxBytesPerCall, sizeOf });

        const fits = (item: [number, number]): boolean => sizeOf(item) <= maxBytesPerCall;
        expect(packed.calls.flat()).toEqual(all.filter(fits));
        expect(packed.tooLarge).toEqual(all.filter((item) => !fits(item)));
      }),
    );
  });

  it('keeps each call within count and bytes, and makes none that is empty', () => {
    fc.assert(
      fc.property(items, limits, (all, { maxEntriesPerCall, maxBytesPerCall }) => {
        for (const call of pack(all, { maxEntriesPerCall, maxBytesPerCall, sizeOf }).calls) {
          const bytes = call.reduce((sum, item) => sum + sizeOf(item), 0);
          expect(call.length).toBeGreaterThan(0);
          expect(call.length).toBeLessThanOrEqual(maxEntriesPerCall);
          expect(bytes).toBeLessThanOrEqual(maxBytesPerCall);
        }
      }),
    );
  });

  it('starts a new call only where the next item does not fit', () => {
    fc.assert(
      fc.property(items, limits, (all, { maxEntriesPerCall, maxBytesPerCall }) => {
        const { calls } = pack(all, { maxEntriesPerCall, maxBytesPerCall, sizeOf });

        calls.slice(1).forEach((call, index) => {
          const before = calls[index] ?? [];
          const [next = [0, 0]] = call;
          const bytes = [...before, next].reduce((sum, item) => sum + sizeOf(item), 0);
          expect(before.length === maxEntriesPerCall || bytes > maxBytesPerCall).toBe(true);
        });
      }),
    );
  });

  it('takes an item that just fills a call, and sets aside one that is a byte larger', () => {
    const { calls, tooLarge } = pack([10, 11], {
      maxEntriesPerCall: 10,
      maxBytesPerCall: 10,
      sizeOf: (size) => size,
    });

    expect(calls).toEqual([[10]]);
    expect(tooLarge).toEqual([11]);
  });
});
