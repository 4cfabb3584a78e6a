import { beforeEach, describe, expect, it } from 'vitest';

import type { Row } from '../../../lib/table/entry.ts';
import { keyOfWaiting, waitingIndexKey } from '../../../lib/table/waiting.ts';
import { aWaiting, someTime } from '../../support/entries.ts';
import {
  collect,
  holding,
  holdsOn,
  shards,
  summaryOf,
  type SweepStoreFactory,
  type SweepStoreUnderTest,
} from './subject.ts';

const until = someTime + 300_000;

export function describeTaking(create: SweepStoreFactory): void {
  describe('a claim', () => {
    let subject: SweepStoreUnderTest;
    beforeEach(async () => {
      subject = await create({ shards });
    });

    it('counts the attempt as started, and says when the row is due again', async () => {
      const waiting = aWaiting({ missing: ['bus'], error: { code: 'Throttled', message: '' } });
      await subject.store.addWaiting([waiting]);

      const claimed = await subject.store.claimWaiting(summaryOf(waiting), until);

      const { attempts } = waiting;
      expect(claimed).toEqual({
        ...waiting,
        attempts: attempts + 1,
        dueAt: until,
        unfinishedAttempts: 1,
      });
      expect(await subject.store.getWaiting(keyOfWaiting(waiting.entry))).toEqual(claimed);
    });

    it('is given to one of two who saw the same', async () => {
      const waiting = aWaiting();
      await subject.store.addWaiting([waiting]);

      const claims = await Promise.all(
        [1, 2, 3].map(() => subject.store.claimWaiting(summaryOf(waiting), until)),
      );

      expect(claims.filter((claim) => claim !== undefined)).toHaveLength(1);
    });

    it.each([
      { what: 'its state', over: { state: 'parked' as const } },
      { what: 'its attempts', over: { attempts: 2 } },
      { what: 'when it is due', over: { dueAt: someTime - 1 } },
    ])('is refused where $what changed since', async ({ over }) => {
      const seen = aWaiting();
      const waiting = { ...seen, ...over };
      await subject.store.addWaiting([waiting]);

      expect(await subject.store.claimWaiting(summaryOf(seen), until)).toBeUndefined();
      expect(await subject.store.getWaiting(keyOfWaiting(seen.entry))).toEqual(waiting);
    });

    it('is refused on a row that is gone, and makes none', async () => {
      expect(await subject.store.claimWaiting(summaryOf(aWaiting()), until)).toBeUndefined();
      expect(await subject.rows()).toEqual([]);
    });

    it('makes a deferred or held row one that is retried, and remembers which lies in no page', async () => {
      const deferred = aWaiting({ state: 'deferred', attempts: 0 });
      const held = holding(1, { state: 'held', attempts: 0 });
      await subject.store.addWaiting([deferred, held]);

      const claims = await Promise.all(
        [deferred, held].map((one) => subject.store.claimWaiting(summaryOf(one), until)),
      );

      expect(claims[0]).toMatchObject({ state: 'retrying', notInPage: true });
      expect(claims[1]).toMatchObject({ state: 'retrying', blocksLane: true });
      expect(claims[1]).not.toHaveProperty('notInPage');
      expect(await collect(subject.store.listWaiting('deferred', until))).toEqual([]);
      expect(await collect(subject.store.listWaiting('retrying', until))).toHaveLength(2);
    });

    it.each<{ what: string; row: Row }>([
      { what: 'nothing but its key and when it is due', row: {} },
      {
        what: 'texts for numbers',
        row: { attempts: 'many', unfinishedAttempts: 'none', holds: 'yes' },
      },
    ])('is given on a row by anyone that has $what, so that it can be parked', async ({ row }) => {
      const key = { pk: 'w#nonsense', sk: 'nonsense' };
      const index = { waitingKey: waitingIndexKey(key, 'retrying'), dueAt: someTime };
      await subject.put({ ...key, ...index, ...row });
      const [seen] = await collect(subject.store.listWaiting('retrying', until));

      const claimed = await subject.store.claimWaiting(seen!, until);

      expect(claimed).toMatchObject({
        state: 'retrying',
        attempts: 1,
        unfinishedAttempts: 1,
        dueAt: until,
      });
    });

    it('tells of takers that died: their attempts were never answered', async () => {
      const waiting = aWaiting({ attempts: 0 });
      await subject.store.addWaiting([waiting]);
      const first = await subject.store.claimWaiting(summaryOf(waiting), until);

      const second = await subject.store.claimWaiting(summaryOf(first!), until + 1);

      expect(second).toMatchObject({ attempts: 2, unfinishedAttempts: 2 });
    });
  });

  describe('a change', () => {
    let subject: SweepStoreUnderTest;
    beforeEach(async () => {
      subject = await create({ shards });
    });

    it('replaces the row, and is found under its new state', async () => {
      const before = aWaiting();
      await subject.store.addWaiting([before]);
      const after = { ...before, state: 'parked' as const, attempts: 5, missing: ['queue'] };

      expect(await subject.store.changeWaiting(before, after)).toBe(true);

      expect(await subject.store.getWaiting(keyOfWaiting(before.entry))).toEqual(after);
      expect(await collect(subject.store.listWaiting('retrying', until))).toEqual([]);
      expect(await collect(subject.store.listWaiting('parked', until))).toEqual([summaryOf(after)]);
    });

    it('is refused where the row is not as it was before', async () => {
      const seen = aWaiting();
      const now = { ...seen, attempts: 3 };
      await subject.store.addWaiting([now]);

      const isChanged = await subject.store.changeWaiting(seen, { ...seen, state: 'parked' });

      expect(isChanged).toBe(false);
      expect(await subject.store.getWaiting(keyOfWaiting(seen.entry))).toEqual(now);
    });

    it('is refused where the row is gone, and brings none back', async () => {
      const seen = holding(1);

      expect(await subject.store.changeWaiting(seen, { ...seen, blocksLane: false })).toBe(false);

      expect(await subject.rows()).toEqual([]);
    });

    it('uncounts the hold of a row that holds no longer, once', async () => {
      const before = holding(1);
      const after = { ...before, blocksLane: false, missing: ['bus'] };
      await subject.store.addWaiting([before, holding(2)]);

      await subject.store.changeWaiting(before, after);
      const isChangedAgain = await subject.store.changeWaiting(before, after);

      expect(isChangedAgain).toBe(false);
      expect(await holdsOn('order/1', subject)).toBe(1);
      expect(await subject.store.heldAggregates(['order/1'])).toEqual(new Set(['order/1']));
    });

    it('leaves the count where the row goes on holding', async () => {
      const before = holding(1);
      await subject.store.addWaiting([before]);

      await subject.store.changeWaiting(before, { ...before, state: 'parked' });

      expect(await holdsOn('order/1', subject)).toBe(1);
    });
  });
}
