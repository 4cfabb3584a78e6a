import { beforeEach, describe, expect, it } from 'vitest';

import type { PageLease } from '../../../lib/table/sweep-notes.ts';
import type { SweepStore } from '../../../lib/table/stores.ts';
import { somePage, someTime } from '../../support/entries.ts';
import { shards, type SweepStoreFactory } from './subject.ts';

const minute = 60_000;

export function describeLeases(create: SweepStoreFactory): void {
  describe('the lease on a page', () => {
    let store: SweepStore;
    beforeEach(async () => {
      ({ store } = await create({ shards }));
    });
    const lease = (holder: string, over: Partial<PageLease> = {}): PageLease => ({
      page: somePage,
      holder,
      now: someTime,
      until: someTime + minute,
      ...over,
    });

    it('is given to one of several', async () => {
      const takes = await Promise.all(['a', 'b', 'c'].map((name) => store.leasePage(lease(name))));

      expect(takes.filter((take) => take !== undefined)).toEqual([1]);
    });

    it('is one for each page', async () => {
      await store.leasePage(lease('a'));

      expect(await store.leasePage(lease('b', { page: '2026-11-21T04:38' }))).toBe(1);
    });

    it('can be taken as soon as it was given back', async () => {
      await store.leasePage(lease('a'));

      await store.releasePage(lease('a'));

      expect(await store.leasePage(lease('b'))).toBe(1);
    });

    it('ends by itself, and tells how often it was taken and not given back', async () => {
      await store.leasePage(lease('a'));
      const early = await store.leasePage(lease('b', { now: someTime + minute - 1 }));
      const second = lease('b', { now: someTime + minute, until: someTime + 2 * minute });
      const third = lease('c', { now: someTime + 2 * minute, until: someTime + 3 * minute });

      expect(early).toBeUndefined();
      expect(await store.leasePage(second)).toBe(2);
      expect(await store.leasePage(third)).toBe(3);
    });

    it('is not given back by one who lost it', async () => {
      await store.leasePage(lease('a'));
      await store.leasePage(lease('b', { now: someTime + minute, until: someTime + 2 * minute }));

      await store.releasePage(lease('a'));

      expect(await store.leasePage(lease('c', { now: someTime + minute }))).toBeUndefined();
    });

    it('can be given back twice, or without having been had', async () => {
      await store.releasePage(lease('a'));
      await store.leasePage(lease('a'));
      await store.releasePage(lease('a'));
      await store.releasePage(lease('a'));

      expect(await store.leasePage(lease('b'))).toBe(1);
    });
  });
}
