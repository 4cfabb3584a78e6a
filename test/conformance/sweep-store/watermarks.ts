import { describe, expect, it } from 'vitest';

import { shards, type SweepStoreFactory } from './subject.ts';

export function describeWatermarks(create: SweepStoreFactory): void {
  describe('a watermark', () => {
    it('is nowhere before the first sweep', async () => {
      const { store } = await create({ shards });

      expect(await store.readWatermark('missed')).toBeUndefined();
    });

    it('moves forward, each pass on its own', async () => {
      const { store } = await create({ shards });

      await store.advanceWatermark('missed', '2026-11-21T04:37', 4);
      await store.advanceWatermark('closing', '2026-11-20T03:00', 4);

      expect(await store.advanceWatermark('missed', '2026-11-21T04:39', 4)).toBe(
        '2026-11-21T04:39',
      );
      expect((await store.readWatermark('missed'))?.page).toBe('2026-11-21T04:39');
      expect((await store.readWatermark('closing'))?.page).toBe('2026-11-20T03:00');
    });

    it('never moves back', async () => {
      const { store } = await create({ shards });
      await store.advanceWatermark('missed', '2026-11-21T04:37', 4);

      expect(await store.advanceWatermark('missed', '2026-11-20T23:59', 4)).toBe(
        '2026-11-21T04:37',
      );
      expect((await store.readWatermark('missed'))?.page).toBe('2026-11-21T04:37');
    });

    it('is where the one is who went furthest', async () => {
      const { store } = await create({ shards });
      const pages = ['2026-11-21T04:40', '2026-11-21T04:42', '2026-11-21T04:41'];

      await Promise.all(pages.map((page) => store.advanceWatermark('missed', page, 4)));

      expect((await store.readWatermark('missed'))?.page).toBe('2026-11-21T04:42');
    });
  });

  describe('a watermark of a walker that knows of more shards', () => {
    const from = {
      page: '2026-11-21T02:37',
      since: '2026-11-21T02:37',
      shards: 32,
      shardsBefore: 16,
    };

    it('begins anew, and says since when it looks in how many', async () => {
      const { store } = await create({ shards });
      await store.advanceWatermark('missed', '2026-11-21T04:37', 16);

      await store.restartWatermark('missed', from);
      await store.restartWatermark('missed', { ...from, page: '2026-11-21T00:00' });
      await store.advanceWatermark('missed', '2026-11-21T02:40', 32);

      expect(await store.readWatermark('missed')).toEqual({ ...from, page: '2026-11-21T02:40' });
    });

    it('is not moved by one that still knows of fewer', async () => {
      const { store } = await create({ shards });
      await store.advanceWatermark('missed', '2026-11-21T04:37', 16);
      await store.restartWatermark('missed', from);

      expect(await store.advanceWatermark('missed', '2026-11-21T04:40', 16)).toBe(from.page);
      expect(await store.readWatermark('missed')).toEqual(from);
    });
  });

  describe('what the sweeper tells a relay that is blocked', () => {
    it('is when a destination last took an event', async () => {
      const { store } = await create({ shards });
      expect(await store.readAcceptance()).toBeUndefined();

      await store.noteAcceptance(1_000);
      await store.noteAcceptance(2_000);

      expect(await store.readAcceptance()).toBe(2_000);
    });

    it('is asked for by a lag that says when it was last blocked', async () => {
      const { store } = await create({ shards });
      await store.noteLag({ oldestAt: 1, notedAt: 10 });
      expect((await store.readLag(0))?.blockedAt).toBeUndefined();

      await store.noteLag({ oldestAt: 5, notedAt: 20, isBlocked: true });
      await store.noteLag({ oldestAt: 7, notedAt: 30 });

      expect(await store.readLag(0)).toMatchObject({ oldestAt: 1, blockedAt: 20 });
    });
  });

  describe('the table', () => {
    it('knows when it was made', async () => {
      const before = Date.now();
      const { store } = await create({ shards });
      const after = Date.now();

      const createdAt = await store.tableCreatedAt();

      // DynamoDB says it in seconds.
      expect(createdAt).toBeGreaterThan(before - 2_000);
      expect(createdAt).toBeLessThan(after + 2_000);
    });
  });
}
