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
