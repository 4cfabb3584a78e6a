import { describe, expect, it } from 'vitest';

import { entryToRow, type Entry } from '../../../lib/table/entry.ts';
import { limits, ownLimits } from '../../../lib/core/limits.ts';
import { keyOfWaiting, type Waiting } from '../../../lib/table/waiting.ts';
import { itemBytes } from '../../../lib/dynamodb/items.ts';
import { aWaiting, anEntry, retentionMs, someTime } from '../../support/entries.ts';
import { shards, type StoreFactory } from './subject.ts';

export function describeSizes(create: StoreFactory): void {
  describe('sizes', () => {
    it('let the largest entry that may be written wait, with all that can be said of it', async () => {
      const { store, put } = await create({ shards });
      const entry = largestEntry();
      const waiting = mostSaidOf(entry);

      await put(entryToRow(entry, { shards, retentionMs }));
      await store.addWaiting([waiting]);

      const found = await store.getWaiting(keyOfWaiting(entry));
      expect(found?.entry).toEqual(entry);
    });

    it('refuse a waiting row that is larger than an item, and count no hold for it', async () => {
      const { store, rows } = await create({ shards });
      const entry = anEntry({
        sequence: 1,
        data: JSON.stringify('x'.repeat(limits.table.maxItemBytes)),
      });

      const adding = store.addWaiting([aWaiting({ entry, blocksLane: true })]);

      await expect(adding).rejects.toMatchObject({
        code: 'ITEM_TOO_LARGE',
        message: expect.stringContaining(entry.id) as string,
      });
      expect(await rows()).toEqual([]);
    });

    it('let a row wait that has the longest key there is', async () => {
      const { store } = await create({ shards });
      const key = {
        pk: 'p'.repeat(limits.table.maxPartitionKeyBytes),
        sk: `e#${'s'.repeat(1022)}`,
      };
      const waiting = aWaiting({ entry: { key, json: '{}' }, state: 'parked' });

      await store.addWaiting([waiting]);

      expect(await store.getWaiting(keyOfWaiting(waiting.entry))).toEqual(waiting);
    });
  });
}

/** An entry whose row is as large as a writer lets it be. */
function largestEntry(): Entry {
  const base = anEntry({
    aggregate: `order/${'a'.repeat(ownLimits.maxAggregateBytes - 'order/'.length)}`,
    sequence: Number.MAX_SAFE_INTEGER,
    data: '""',
  });
  const room = limits.table.maxItemBytes - ownLimits.waitingOverheadBytes;
  const used = itemBytes(entryToRow(base, { shards, retentionMs }));
  return { ...base, data: JSON.stringify('x'.repeat(room - used)) };
}

/** A waiting entry with the longest of everything. */
function mostSaidOf(entry: Entry): Waiting {
  const name = 'n'.repeat(ownLimits.maxDestinationNameBytes);
  return {
    entry,
    state: 'retrying',
    dueAt: someTime,
    attempts: Number.MAX_SAFE_INTEGER,
    missing: Array.from({ length: ownLimits.maxDestinations }, () => name),
    blocksLane: true,
    error: { code: 'c'.repeat(10_000), message: 'm'.repeat(10_000), destination: name },
    recentAttempts: Array.from({ length: ownLimits.maxAttemptsKept }, () => ({
      at: someTime,
      code: 'c'.repeat(ownLimits.maxErrorCodeBytes),
    })),
    firstTriedAt: someTime,
    lastTriedAt: someTime,
  };
}
