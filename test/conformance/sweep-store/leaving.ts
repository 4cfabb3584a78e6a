import { beforeEach, describe, expect, it } from 'vitest';

import type { AuditNote } from '../../../lib/table/audit.ts';
import { keyOfWaiting } from '../../../lib/table/waiting.ts';
import { aReceipt, aWaiting, anEntry, somePage, someTime } from '../../support/entries.ts';
import {
  entryOf,
  holding,
  holdsOn,
  shards,
  summaryOf,
  type SweepStoreFactory,
  type SweepStoreUnderTest,
} from './subject.ts';

export function describeLeaving(create: SweepStoreFactory): void {
  describe('leaving the waiting room', () => {
    let subject: SweepStoreUnderTest;
    beforeEach(async () => {
      subject = await create({ shards });
    });

    it('takes the row away and leaves the receipt', async () => {
      const waiting = aWaiting();
      const receipt = aReceipt({ eventIds: [entryOf(waiting).id] });
      await subject.store.addWaiting([waiting]);

      expect(await subject.store.removeWaiting(waiting, { receipt })).toBe(true);

      expect(await subject.store.getWaiting(keyOfWaiting(waiting.entry))).toBeUndefined();
      expect(await subject.store.readPage(somePage)).toEqual({
        entries: [],
        invalid: [],
        receipts: [receipt],
      });
    });

    it('is refused where the row changed, and then nothing is written', async () => {
      const seen = holding(1, { state: 'deferred' });
      const now = { ...seen, attempts: 4 };
      await subject.store.addWaiting([now]);
      const before = await subject.rows();

      const isGone = await subject.store.removeWaiting(seen, { receipt: aReceipt(), audit });

      expect(isGone).toBe(false);
      expect(byKey(await subject.rows())).toEqual(byKey(before));
    });

    it('happens once, and uncounts the hold once', async () => {
      const waiting = holding(1);
      await subject.store.addWaiting([waiting, holding(2)]);

      const answers = await Promise.all(
        [1, 2, 3].map(() => subject.store.removeWaiting(waiting, { receipt: aReceipt() })),
      );

      expect(answers.filter(Boolean)).toHaveLength(1);
      expect(await holdsOn('order/1', subject)).toBe(1);
      expect((await subject.store.readPage(somePage)).receipts).toHaveLength(1);
    });

    it('frees the aggregate with its last row', async () => {
      const waiting = [holding(1), holding(2)];
      await subject.store.addWaiting(waiting);

      for (const one of waiting) await subject.store.removeWaiting(one, { receipt: aReceipt() });

      expect(await subject.store.heldAggregates(['order/1'])).toEqual(new Set());
      expect(await subject.store.firstInLine('order/1')).toBeUndefined();
    });

    it.each(['deferred', 'retrying'] as const)(
      'writes a deferred entry to its page, past the stream, though it is %s by now',
      async (state) => {
        const waiting = aWaiting({ state: 'deferred' });
        await subject.store.addWaiting([waiting]);
        const row =
          state === 'deferred'
            ? waiting
            : await subject.store.claimWaiting(summaryOf(waiting), someTime);
        const receipt = aReceipt({ eventIds: [entryOf(waiting).id], expiresAt: 4_000_000_000 });

        await subject.store.removeWaiting(row!, { receipt });

        const entry = entryOf(waiting);
        const written = (await subject.rows()).find(({ sk }) => sk === `d#${entry.id}`);
        expect(written).toMatchObject({ ...entry, expiresAt: 4_000_000_000 });
        expect((await subject.store.readPage(somePage)).entries).toEqual([entry]);
      },
    );

    it('writes no entry to a page that has it', async () => {
      const waiting = aWaiting();
      await subject.store.addWaiting([waiting]);

      await subject.store.removeWaiting(waiting, { receipt: aReceipt() });

      expect((await subject.store.readPage(somePage)).entries).toEqual([]);
    });

    it('keeps on the record who did it', async () => {
      const waiting = aWaiting({ state: 'parked' });
      await subject.store.addWaiting([waiting]);

      await subject.store.removeWaiting(waiting, { receipt: aReceipt(), audit });

      expect(await subject.store.readAudit({ eventId: 'event-1' })).toEqual([audit]);
    });

    it('needs no receipt where the row lies in no page', async () => {
      const entry = { key: { pk: 'nowhere', sk: 'e#nonsense' }, json: '{}' };
      const waiting = aWaiting({ entry, state: 'parked' });
      await subject.store.addWaiting([waiting, aWaiting({ entry: anEntry() })]);

      expect(await subject.store.removeWaiting(waiting, {})).toBe(true);

      expect(await subject.rows()).toHaveLength(1);
    });
  });
}

const audit: AuditNote = {
  id: 'note-1',
  action: 'discard',
  at: someTime,
  by: 'ada',
  reason: 'wrong amount',
  eventId: 'event-1',
  aggregate: 'order/1',
};

function byKey(rows: readonly Record<string, unknown>[]) {
  const nameOf = ({ pk, sk }: Record<string, unknown>): string => `${String(pk)} ${String(sk)}`;
  return rows.toSorted((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
}
