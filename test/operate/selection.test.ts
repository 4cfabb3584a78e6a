import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { summaryOf, waitingStates } from '../../lib/table/waiting.ts';
import { rowsInSequence } from '../../lib/operate/change.ts';
import { createPace } from '../../lib/core/concurrency.ts';
import { isMeant, select } from '../../lib/operate/selection.ts';
import { newId } from '../../lib/core/system.ts';
import { createVirtualClock } from '../../lib/testing/virtual-clock.ts';
import { aWaiting, anEntry, someTime } from '../support/entries.ts';
import { collect, createOperateWorld } from './support.ts';

describe('picking rows of the waiting room', () => {
  const row = summaryOf(
    aWaiting({ entry: anEntry({ type: 'order.placed' }), error: { code: 'Odd', message: '' } }),
  );

  it.each([
    [{}, true],
    [{ types: ['order.*'] }, true],
    [{ types: ['invoice.*', 'order.placed'] }, true],
    [{ types: ['invoice.*'] }, false],
    [{ aggregate: 'order/42' }, true],
    [{ aggregate: 'order/4' }, false],
    [{ error: 'Odd' }, true],
    [{ error: 'Even' }, false],
    [{ since: someTime, until: someTime + 1 }, true],
    [{ since: someTime + 1 }, false],
    [{ until: someTime }, false],
  ])('by %o: %s', (selection, expected) => {
    expect(isMeant(row, selection)).toBe(expected);
  });

  it('goes by the time when it was parked where there is no event', () => {
    const key = { pk: '2026-11-21T04:37#00', sk: 'e#x' };
    const invalid = summaryOf(aWaiting({ entry: { key, json: '' }, dueAt: 5 }));

    expect(isMeant(invalid, { since: 5, until: 6 })).toBe(true);
    expect(isMeant(invalid, { until: 5 })).toBe(false);
  });

  it('sees every state, however late it is due, or those asked for', async () => {
    const { store } = createOperateWorld();
    const dueAt = someTime + 365 * 86_400_000;
    await store.addWaiting(
      waitingStates.map((state) => aWaiting({ entry: anEntry(), state, dueAt })),
    );

    const all = await collect(select(store, {}));
    const some = await collect(select(store, { states: ['held', 'parked'] }));

    expect(all.map(({ state }) => state)).toEqual(waitingStates);
    expect(some.map(({ state }) => state)).toEqual(['held', 'parked']);
  });
});

describe('the order in which rows are changed', () => {
  it('keeps the sequence of each aggregate, and loses none', () => {
    const someRows = fc.array(
      fc.record({
        aggregate: fc.integer({ min: 1, max: 3 }),
        sequence: fc.integer({ min: 1, max: 99 }),
      }),
    );
    fc.assert(
      fc.property(someRows, (parts) => {
        const rows = parts.map(({ aggregate, sequence }) =>
          summaryOf(
            aWaiting({
              entry: anEntry({ id: newId(someTime), aggregate: `order/${aggregate}`, sequence }),
            }),
          ),
        );

        const ordered = rowsInSequence(rows);

        expect(new Set(ordered)).toEqual(new Set(rows));
        for (const line of Map.groupBy(ordered, ({ aggregate }) => aggregate).values()) {
          const sequences = line.map(({ sequence }) => sequence ?? 0);
          expect(sequences).toEqual(sequences.toSorted((a, b) => a - b));
        }
      }),
    );
  });
});

describe('a pace', () => {
  it('lets so many a second go, whatever they do meanwhile', async () => {
    const clock = createVirtualClock(0);
    const pace = createPace(10, clock);
    const starts: number[] = [];

    for (let index = 0; index < 4; index++) {
      await pace();
      starts.push(clock.now());
      clock.advance(30);
    }

    expect(starts).toEqual([0, 100, 200, 300]);
  });

  it('does not make up for a pause', async () => {
    const clock = createVirtualClock(0);
    const pace = createPace(10, clock);
    await pace();
    clock.advance(10_000);

    await pace();
    await pace();

    expect(clock.now()).toBe(10_100);
  });

  it('counts several at once', async () => {
    const clock = createVirtualClock(0);
    const pace = createPace(100, clock);

    await pace(50);
    await pace(50);

    expect(clock.now()).toBe(500);
  });
});
