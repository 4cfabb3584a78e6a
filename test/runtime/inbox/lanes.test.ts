import fc from 'fast-check';
import { expect, test } from 'vitest';

import { runLanes, toLanes } from '../../../lib/runtime/inbox/lanes.ts';

interface Item {
  readonly lane: string;
  readonly number: number;
  readonly fails: boolean;
}

const items = fc
  .array(fc.record({ lane: fc.constantFrom('a', 'b', 'c', 'd'), fails: fc.boolean() }))
  .map((drawn) => drawn.map((item, number): Item => ({ ...item, number })));

test('each lane is handled in order up to its first failure, and the rest is answered', async () => {
  await fc.assert(
    fc.asyncProperty(items, fc.integer({ min: 1, max: 5 }), async (all, concurrency) => {
      const handled: Item[] = [];

      const undone = await runLanes(
        toLanes(all, ({ lane }) => lane),
        concurrency,
        async (item) => {
          await Promise.resolve();
          handled.push(item);
          return !item.fails;
        },
      );

      for (const lane of ['a', 'b', 'c', 'd']) {
        const ofLane = (list: readonly Item[]): Item[] => list.filter((item) => item.lane === lane);
        const firstFailure = ofLane(all).findIndex(({ fails }) => fails);
        const expected = firstFailure === -1 ? ofLane(all).length : firstFailure;
        expect(ofLane(undone)).toEqual(ofLane(all).slice(expected));
        expect(ofLane(handled)).toEqual(ofLane(all).slice(0, expected + 1));
      }
    }),
  );
});

test('as many lanes as allowed run at once, and no more', async () => {
  const lanes = toLanes([1, 2, 3, 4, 5, 6, 7], String);
  let running = 0;
  let most = 0;

  await runLanes(lanes, 3, async () => {
    most = Math.max(most, ++running);
    await Promise.resolve();
    running -= 1;
    return true;
  });

  expect(most).toBe(3);
});
