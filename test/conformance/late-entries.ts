import { describe, expect, it } from 'vitest';

import type { Entry } from '../../lib/table/entry.ts';
import type { SettledAfterArchive } from '../../lib/table/archive.ts';
import type { Waiting } from '../../lib/table/waiting.ts';
import type { LateEntries, Settlement, SweepStore } from '../../lib/table/stores.ts';
import { newId } from '../../lib/core/system.ts';
import { aReceipt, aWaiting, anEntry, someTime } from '../support/entries.ts';

type Subject = SweepStore & LateEntries;

/** What every adapter does about entries that leave the waiting room late. */
export function describeLateEntries(name: string, create: () => Promise<Subject>): void {
  describe(name, () => {
    it('are kept, whole, when they leave', async () => {
      const store = await create();
      const entry = anEntry({ sequence: 7, correlationId: 'request-1', data: '{"a": 1 }' });
      const receipt = aReceipt({ eventIds: [entry.id], outcome: 'discarded', time: someTime + 5 });

      await leave(store, aWaiting({ entry }), { receipt, isLate: true });

      expect(await listed(store)).toEqual([
        { entry, outcome: 'discarded', outcomeAt: someTime + 5, expiresAt: receipt.expiresAt },
      ]);
    });

    it('are kept where they were deferred, and are in their page too', async () => {
      const store = await create();
      const entry = anEntry();
      const receipt = aReceipt({ eventIds: [entry.id] });

      await leave(store, aWaiting({ entry, notInPage: true }), { receipt, isLate: true });

      expect((await listed(store)).map((one) => one.entry)).toEqual([entry]);
      expect((await store.readPage(receipt.page)).entries).toEqual([entry]);
    });

    it('are none where nobody says so, nor where the row holds no valid entry', async () => {
      const store = await create();
      const timely = anEntry();
      const key = { pk: '2026-11-21T04:37#00', sk: 'e#nonsense' };

      await leave(store, aWaiting({ entry: timely }), {
        receipt: aReceipt({ eventIds: [timely.id] }),
      });
      await leave(store, aWaiting({ entry: { key, json: '{}' } }), {
        receipt: aReceipt({ eventIds: [] }),
        isLate: true,
      });

      expect(await listed(store)).toEqual([]);
    });

    it('are not kept where the row changed before it could leave', async () => {
      const store = await create();
      const entry = anEntry();
      await store.addWaiting([aWaiting({ entry, attempts: 2 })]);
      const receipt = aReceipt({ eventIds: [entry.id] });

      const seen = aWaiting({ entry, attempts: 1 });
      expect(await store.removeWaiting(seen, { receipt, isLate: true })).toBe(false);

      expect(await listed(store)).toEqual([]);
    });

    it('are listed by the time of their events, up to a moment', async () => {
      const store = await create();
      const early = await leaveLate(store, someTime);
      await leaveLate(store, someTime + 1);
      await leaveLate(store, someTime + 60_000);

      expect((await listed(store, someTime + 1)).map(({ entry }) => entry)).toEqual([early]);
      expect(await listed(store, someTime + 60_001)).toHaveLength(3);
    });

    it('are forgotten one by one, as often as somebody says so', async () => {
      const store = await create();
      const one = await leaveLate(store, someTime);
      const other = await leaveLate(store, someTime);

      await store.removeLate(one.id);
      await store.removeLate(one.id);

      expect((await listed(store)).map(({ entry }) => entry)).toEqual([other]);
    });

    it('are all listed where there are many', async () => {
      const store = await create();
      const data = JSON.stringify('x'.repeat(300_000));
      const entries = await Promise.all(
        Array.from({ length: 20 }, (_, index) => leaveLate(store, someTime + index, { data })),
      );

      const found = (await listed(store)).map(({ entry }) => entry.id);

      expect(found.toSorted()).toEqual(entries.map(({ id }) => id).toSorted());
    });
  });
}

async function leave(store: Subject, waiting: Waiting, settlement: Settlement): Promise<void> {
  await store.addWaiting([waiting]);
  expect(await store.removeWaiting(waiting, settlement)).toBe(true);
}

async function leaveLate(store: Subject, at: number, over: Partial<Entry> = {}): Promise<Entry> {
  const entry = anEntry({ id: newId(at), ...over });
  const receipt = aReceipt({ eventIds: [entry.id] });
  await leave(store, aWaiting({ entry }), { receipt, isLate: true });
  return entry;
}

async function listed(
  store: Subject,
  before = someTime + 3_600_000,
): Promise<SettledAfterArchive[]> {
  const all: SettledAfterArchive[] = [];
  for await (const some of store.listLate(before)) all.push(...some);
  return all;
}
