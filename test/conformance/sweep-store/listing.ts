import { describe, expect, it } from 'vitest';

import { keyOfWaiting, type WaitingState } from '../../../lib/table/waiting.ts';
import { aWaiting, anEntry, someTime } from '../../support/entries.ts';
import { collect, holding, shards, summaryOf, type SweepStoreFactory } from './subject.ts';

const minute = 60_000;
const everything = Number.MAX_SAFE_INTEGER;

export function describeListing(create: SweepStoreFactory): void {
  describe('the waiting index', () => {
    it('lists the rows of a state that are due, and no others', async () => {
      const { store } = await create({ shards });
      const due = [aWaiting({ dueAt: someTime }), aWaiting({ dueAt: someTime - minute })];
      const others = [
        aWaiting({ dueAt: someTime + 1 }),
        aWaiting({ dueAt: someTime, state: 'parked' }),
      ];
      await store.addWaiting([...due, ...others]);

      const listed = await collect(store.listWaiting('retrying', someTime));

      expect(listed).toEqual([due[1], due[0]].map((waiting) => summaryOf(waiting!)));
    });

    it('tells of a row what is needed to pick it, and not its data', async () => {
      const { store } = await create({ shards });
      const entry = anEntry({ aggregate: 'order/1', sequence: 3, data: '{"secret":1}' });
      const waiting = aWaiting({
        entry,
        blocksLane: true,
        error: { code: 'Throttled', message: 'slow down' },
        firstTriedAt: someTime,
        lastTriedAt: someTime,
      });
      await store.addWaiting([waiting]);

      const [row] = await collect(store.listWaiting('retrying', everything));

      expect(row).toEqual({
        key: keyOfWaiting(entry),
        state: 'retrying',
        dueAt: waiting.dueAt,
        attempts: 1,
        blocksLane: true,
        id: entry.id,
        type: entry.type,
        aggregate: 'order/1',
        sequence: 3,
        errorCode: 'Throttled',
        firstTriedAt: someTime,
        lastTriedAt: someTime,
      });
    });

    it('lists more rows than one answer brings, the longest due roughly first', async () => {
      const { store } = await create({ shards });
      const waiting = Array.from({ length: 1_100 }, (_, index) =>
        aWaiting({ dueAt: someTime - (index % 50) * minute }),
      );
      await store.addWaiting(waiting);

      const parts = [];
      for await (const part of store.listWaiting('retrying', someTime)) parts.push(part);

      const listed = parts.flat();
      expect(new Set(listed.map(({ id }) => id)).size).toBe(1_100);
      expect(parts.length).toBeGreaterThan(1);
      for (const part of parts) {
        const times = part.map(({ dueAt }) => dueAt);
        expect(times).toEqual(times.toSorted((a, b) => a - b));
      }
    });

    it('counts the rows of each state', async () => {
      const { store } = await create({ shards });
      const states: WaitingState[] = ['deferred', 'retrying', 'held', 'parked'];
      const waiting = states.flatMap((state, index) =>
        Array.from({ length: index * 3 }, () => aWaiting({ state })),
      );
      await store.addWaiting(waiting);

      const counts = await Promise.all(states.map((state) => store.countWaiting(state)));

      expect(counts).toEqual([0, 3, 6, 9]);
    });
  });

  describe('the first in line', () => {
    it('is the lowest sequence that holds its aggregate', async () => {
      const { store } = await create({ shards });
      const [second, tenth] = [holding(2), holding(10)];
      const first = aWaiting({ entry: anEntry({ aggregate: 'order/1', sequence: 1 }) });
      await store.addWaiting([tenth, second, first, holding(1, { entry: ofAnotherAggregate() })]);

      expect(await store.firstInLine('order/1')).toEqual(second);
    });

    it('is found behind many that hold nobody', async () => {
      const { store } = await create({ shards });
      const many = Array.from({ length: 130 }, (_, index) =>
        aWaiting({ entry: anEntry({ aggregate: 'order/1', sequence: index + 1 }) }),
      );
      const first = holding(500);
      await store.addWaiting([...many, first]);

      expect(await store.firstInLine('order/1')).toEqual(first);
    });

    it('is nobody where nobody holds', async () => {
      const { store } = await create({ shards });
      const only = holding(1);
      await store.addWaiting([only]);
      await store.changeWaiting(only, { ...only, blocksLane: false });

      expect(await store.firstInLine('order/1')).toBeUndefined();
      expect(await store.firstInLine('order/2')).toBeUndefined();
    });
  });
}

function ofAnotherAggregate() {
  return anEntry({ aggregate: 'order/10', sequence: 1 });
}
