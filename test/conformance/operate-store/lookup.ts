import { describe, expect, it } from 'vitest';

import { deferredEntryToRow, entryToRow, type Entry } from '../../../lib/table/entry.ts';
import { counterKey, entryKey, pageOf, timeOfId } from '../../../lib/table/keys.ts';
import { newId } from '../../../lib/core/system.ts';
import {
  aReceipt,
  aWaiting,
  anEntry,
  retentionMs,
  somePage,
  someTime,
} from '../../support/entries.ts';
import { shards, type OperateStoreFactory } from './subject.ts';

const row = (entry: Entry) => entryToRow(entry, { shards, retentionMs });

/** The entries of an aggregate that is in another shard for each of the numbers. */
const wanderer = 'order/7';

export function describeLookup(create: OperateStoreFactory): void {
  describe('finding an event', () => {
    it('finds it by its id alone, in whichever shard it lies', async () => {
      const { store, put } = await create({ shards });
      const entries = Array.from({ length: 12 }, (_, index) =>
        anEntry({ aggregate: `order/${index}` }),
      );
      for (const entry of entries) await put(row(entry));

      const found = await Promise.all(entries.map(({ id }) => store.findInPage(id)));

      expect(found).toEqual(entries);
    });

    it('finds one that had been deferred', async () => {
      const { store, put } = await create({ shards });
      const entry = anEntry();
      await put(deferredEntryToRow(entry, { shards, expiresAt: 2_000_000_000 }));

      expect(await store.findInPage(entry.id)).toEqual(entry);
    });

    it('shows a row in its place that is no valid entry', async () => {
      const { store, put } = await create({ shards });
      const entry = anEntry();
      await put({ ...row(entry), data: 'no JSON' });

      expect(await store.findInPage(entry.id)).toMatchObject({
        key: entryKey(entry, shards),
        problem: 'missing or malformed: data',
      });
    });

    it('finds nothing where there is nothing', async () => {
      const { store } = await create({ shards });

      expect(await store.findInPage(newId(someTime))).toBeUndefined();
    });
  });

  describe('the line of an aggregate', () => {
    it('is all that waits of it in sequence, its hold aside', async () => {
      const { store } = await create({ shards });
      const [second, first] = [2, 1].map((sequence) =>
        aWaiting({ entry: anEntry({ sequence }), blocksLane: true }),
      );
      const other = aWaiting({
        entry: anEntry({ aggregate: 'order/1', sequence: 1 }),
        blocksLane: true,
      });
      await store.addWaiting([second!, first!, other]);

      expect(await store.readLine('order/42')).toEqual([first, second]);
    });
  });

  describe('the history of an aggregate in a page', () => {
    it('is its own entries, by their ids', async () => {
      const { store, put } = await create({ shards });
      const [first, second] = [newId(someTime), newId(someTime + 1)].map((id) =>
        anEntry({ id, aggregate: wanderer }),
      );
      for (const entry of [second!, first!, anEntry()]) await put(row(entry));

      expect(await store.readHistory(wanderer, somePage, [shards])).toEqual([first, second]);
    });

    it('is found where each of the numbers of shards puts it', async () => {
      const { store, put } = await create({ shards });
      const before = anEntry({ aggregate: wanderer });
      const after = anEntry({ id: newId(someTime + 1), aggregate: wanderer });
      await put(entryToRow(before, { shards: 3, retentionMs }));
      await put(row(after));
      expect(entryKey(before, 3).pk).not.toBe(entryKey(after, shards).pk);

      expect(await store.readHistory(wanderer, somePage, [3, shards])).toEqual([before, after]);
      expect(await store.readHistory(wanderer, somePage, [shards])).toEqual([after]);
    });
  });

  describe('what was given out', () => {
    it('knows the last sequence of an aggregate, and that one has none', async () => {
      const { store, put } = await create({ shards });
      await put({ ...counterKey('order/42'), value: 17 });

      expect(await store.readCounter('order/42')).toBe(17);
      expect(await store.readCounter('order/1')).toBeUndefined();
    });

    it('knows the largest number of shards that was noted, and writes nothing to learn it', async () => {
      const { store } = await create({ shards });
      expect(await store.largestShards()).toBe(0);

      await store.noteShards(32);
      await store.noteShards(16);

      expect(await store.largestShards()).toBe(32);
    });
  });

  describe('what is new in a page', () => {
    it('is what has an id of the moment or later, entries and receipts alike', async () => {
      const { store, put } = await create({ shards });
      const [old, fresh] = [someTime - 1, someTime].map((at, index) =>
        anEntry({ id: newId(at), aggregate: `order/${index}` }),
      );
      for (const entry of [old!, fresh!]) await put(row(entry));
      const [early, late] = [someTime - 1, someTime + 90_000].map((at) =>
        aReceipt({ id: newId(at), time: at, eventIds: [fresh!.id] }),
      );
      await store.addReceipts([early!, late!]);

      const { entries, receipts } = await store.readSince(pageOf(timeOfId(fresh!.id)), someTime);

      expect(entries).toEqual([fresh]);
      expect(receipts).toEqual([late]);
    });
  });
}
