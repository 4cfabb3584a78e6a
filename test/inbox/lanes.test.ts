import fc from 'fast-check';
import { expect, test } from 'vitest';

import { runLanes, toLanes, type Step } from '../../lib/inbox/batch.ts';

interface Item {
  readonly lane: string;
  readonly number: number;
  readonly step: Step;
}

const steps = fc.constantFrom<Step>('done', 'undone', 'stop');
const items = fc
  .array(fc.record({ lane: fc.constantFrom('a', 'b', 'c', 'd'), step: steps }))
  .map((drawn) => drawn.map((item, number): Item => ({ ...item, number })));

test('each lane is handled in order up to what stops it; what is undone, and the rest, is answered', async () => {
  await fc.assert(
    fc.asyncProperty(items, fc.integer({ min: 1, max: 5 }), async (all, concurrency) => {
      const handled: Item[] = [];

      const undone = await runLanes(
        toLanes(all, ({ lane }) => lane),
        concurrency,
        async (item) => {
          await Promise.resolve();
          handled.push(item);
          return item.step;
        },
      );

      for (const lane of ['a', 'b', 'c', 'd']) {
        const ofLane = (list: readonly Item[]): Item[] => list.filter((item) => item.lane === lane);
        const stop = ofLane(all).findIndex(({ step }) => step === 'stop');
        const end = stop === -1 ? ofLane(all).length : stop;
        const rest = ofLane(all).slice(end);
        const skipped = ofLane(all)
          .slice(0, end)
          .filter(({ step }) => step === 'undone');
        expect(ofLane(undone)).toEqual([...skipped, ...rest]);
        expect(ofLane(handled)).toEqual(ofLane(all).slice(0, end + 1));
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
    return 'done';
  });

  expect(most).toBe(3);
});
