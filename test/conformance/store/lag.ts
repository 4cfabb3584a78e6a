import { describe, expect, it } from 'vitest';

import { someTime } from '../../support/entries.ts';
import { shards, type StoreFactory } from './subject.ts';

export function describeLag(create: StoreFactory): void {
  describe('the lag', () => {
    it('is unknown where nobody noted one', async () => {
      const { store } = await create({ shards });

      expect(await store.readLag(0)).toBeUndefined();
    });

    it('is the deepest of those noted since a moment, whoever noted last', async () => {
      const { store } = await create({ shards });
      const longAgo = { oldestAt: someTime - 9_000_000, notedAt: someTime - 60_001 };
      const deep = { oldestAt: someTime - 7_200_000, notedAt: someTime - 60_000 };
      const shallow = { oldestAt: someTime - 90_000, notedAt: someTime };
      for (const lag of [longAgo, deep, shallow]) await store.noteLag(lag);

      expect(await store.readLag(someTime - 60_000)).toEqual(deep);
      expect(await store.readLag(someTime - 59_999)).toEqual(shallow);
      expect(await store.readLag(someTime + 1)).toBeUndefined();
    });

    it('is kept apart for two who note at one moment', async () => {
      const { store } = await create({ shards });

      await store.noteLag({ oldestAt: 1_000.5, notedAt: someTime });
      await store.noteLag({ oldestAt: 2_000, notedAt: someTime });

      expect(await store.readLag(someTime)).toEqual({ oldestAt: 1_000.5, notedAt: someTime });
    });
  });
}
