import { beforeEach, describe, expect, it } from 'vitest';

import { holdKey } from '../../../lib/table/keys.ts';
import { holdCount, holdsOf, type Waiting } from '../../../lib/table/waiting.ts';
import { aWaiting, anEntry } from '../../support/entries.ts';
import { shards, type StoreFactory, type StoreUnderTest } from './subject.ts';

export function describeHolds(create: StoreFactory): void {
  describe('blocksLane', () => {
    let subject: StoreUnderTest;
    beforeEach(async () => {
      subject = await create({ shards });
    });
    const holdsOn = async (aggregate: string): Promise<number> => {
      const { pk, sk } = holdKey(aggregate);
      const rows = await subject.rows();
      return holdsOf(rows.find((row) => row['pk'] === pk && row['sk'] === sk));
    };
    const holding = (aggregate: string, sequence: number): Waiting =>
      aWaiting({ entry: anEntry({ aggregate, sequence }), blocksLane: true });

    it('are on the aggregates with an entry that holds, and on no others', async () => {
      await subject.store.addWaiting([
        holding('order/1', 1),
        holding('order/2', 1),
        aWaiting({ entry: anEntry({ aggregate: 'order/3', sequence: 1 }) }),
      ]);

      const held = await subject.store.heldAggregates(['order/1', 'order/3', 'order/4', 'order/2']);

      expect(held).toEqual(new Set(['order/1', 'order/2']));
    });

    it('are found among more aggregates than one call takes, named twice or not', async () => {
      const aggregates = Array.from({ length: 230 }, (_, index) => `order/${index}`);
      await subject.store.addWaiting(['order/0', 'order/229'].map((one) => holding(one, 1)));

      const held = await subject.store.heldAggregates(aggregates.flatMap((one) => [one, one]));

      expect(held).toEqual(new Set(['order/0', 'order/229']));
    });

    it('are on no aggregate whose last one is gone', async () => {
      await subject.put({ ...holdKey('order/1'), [holdCount]: 0 });

      expect(await subject.store.heldAggregates(['order/1'])).toEqual(new Set());
    });

    it('are on nothing where nothing is asked for', async () => {
      await subject.store.addWaiting([holding('order/1', 1)]);

      expect(await subject.store.heldAggregates([])).toEqual(new Set());
    });

    it('count each entry once, however many there are and however often they are added', async () => {
      const waiting = Array.from({ length: 30 }, (_, index) => holding('order/1', index + 1));
      await subject.store.addWaiting(waiting.slice(0, 10));

      await subject.store.addWaiting([...waiting, ...waiting]);

      expect(await holdsOn('order/1')).toBe(30);
    });

    it('count each entry once where several add the same at the same time', async () => {
      const waiting = Array.from({ length: 10 }, (_, index) =>
        holding(`order/${index % 2}`, index + 1),
      );

      await Promise.all([1, 2, 3].map(() => subject.store.addWaiting(waiting)));

      expect([await holdsOn('order/0'), await holdsOn('order/1')]).toEqual([5, 5]);
    });

    it('are counted for no row that is no entry', async () => {
      const entry = { key: { pk: '2026-11-21T04:37#00', sk: 'e#nonsense' }, json: '{}' };

      await subject.store.addWaiting([aWaiting({ entry, blocksLane: true })]);

      expect(await subject.rows()).toHaveLength(1);
    });
  });
}
