import { beforeEach, describe, expect, it } from 'vitest';

import { entryToRow, type Entry } from '../../../lib/table/entry.ts';
import { pageKeys } from '../../../lib/table/keys.ts';
import { receiptToRow } from '../../../lib/table/receipt.ts';
import { newId } from '../../../lib/core/system.ts';
import { aReceipt, anEntry, retentionMs, somePage, someTime } from '../../support/entries.ts';
import { shards, type StoreFactory, type StoreUnderTest } from './subject.ts';

export function describePages(create: StoreFactory): void {
  describe('a page', () => {
    let subject: StoreUnderTest;
    beforeEach(async () => {
      subject = await create({ shards });
    });
    const write = async (...entries: Entry[]): Promise<void> => {
      for (const entry of entries) await subject.put(entryToRow(entry, { shards, retentionMs }));
    };

    it('is empty where nothing was written', async () => {
      expect(await subject.store.readPage(somePage)).toEqual({
        entries: [],
        invalid: [],
        receipts: [],
      });
    });

    it('holds the entries of its minute from all shards, whole', async () => {
      const entries = Array.from({ length: 24 }, (_, index) =>
        anEntry({
          aggregate: `order/${index}`,
          sequence: index + 1,
          correlationId: 'request-1',
          tenant: 'acme',
        }),
      );
      await write(...entries);

      const page = await subject.store.readPage(somePage);

      expect(byId(page.entries)).toEqual(byId(entries));
      expect(page.invalid).toEqual([]);
    });

    it('holds nothing of the minutes beside it', async () => {
      const before = anEntry({ id: newId(someTime - 60_000) });
      const within = anEntry();
      const after = anEntry({ id: newId(someTime + 60_000) });
      await write(before, within, after);

      const page = await subject.store.readPage(somePage);

      expect(page.entries).toEqual([within]);
    });

    it('is read to its end where it is larger than one answer', async () => {
      const data = JSON.stringify('x'.repeat(350_000));
      const entries = Array.from({ length: 7 }, () => anEntry({ data }));
      await write(...entries);

      const page = await subject.store.readPage(somePage);

      expect(byId(page.entries)).toEqual(byId(entries));
    });

    it('holds entries that were deferred and then delivered', async () => {
      const entry = anEntry();
      const row = entryToRow(entry, { shards, retentionMs });
      await subject.put({ ...row, sk: `d#${entry.id}` });

      expect((await subject.store.readPage(somePage)).entries).toEqual([entry]);
    });

    it('tells rows that are no valid entries apart, with what is wrong and all they hold', async () => {
      const [pk = ''] = pageKeys(somePage, shards);
      const valid = anEntry();
      await write(valid);
      await subject.put({ pk, sk: 'e#nonsense', note: 'by hand', bytes: Uint8Array.of(1, 2, 3) });

      const page = await subject.store.readPage(somePage);

      expect(page.entries).toEqual([valid]);
      expect(page.invalid).toEqual([
        {
          key: { pk, sk: 'e#nonsense' },
          problem: 'sk does not name the id',
          json: expect.stringContaining('by hand') as string,
        },
      ]);
      expect(JSON.parse(page.invalid[0]?.json ?? '')).toMatchObject({ bytes: { B: 'AQID' } });
    });

    it('is read although a row holds a number that JavaScript cannot', async () => {
      const [pk = ''] = pageKeys(somePage, shards);
      await subject.put({ pk, sk: 'e#big', version: 12345678901234567890n });

      const { invalid } = await subject.store.readPage(somePage);

      expect(invalid.map(({ json }) => json)).toEqual([
        expect.stringContaining('12345678901234567890'),
      ]);
    });

    it('leaves out rows of other kinds, and receipts that cannot be read', async () => {
      const [pk = ''] = pageKeys(somePage, shards);
      await subject.put({ pk, sk: 'x#other' });
      await subject.put({ pk, sk: 'r#without-anything' });
      const row = receiptToRow(aReceipt(), shards);
      await subject.put({ ...row, ids: Uint8Array.of(1, 2, 3) });

      expect(await subject.store.readPage(somePage)).toEqual({
        entries: [],
        invalid: [],
        receipts: [],
      });
    });

    it('holds the receipts that were added to it, more than one batch of them', async () => {
      const receipts = Array.from({ length: 60 }, () => aReceipt());
      const other = aReceipt({ page: '2026-11-21T04:38' });

      await subject.store.addReceipts([...receipts, other]);

      const page = await subject.store.readPage(somePage);
      expect(byId(page.receipts)).toEqual(byId(receipts));
    });

    it('holds what a receipt says of entries and of rows that are none', async () => {
      const receipts = [
        aReceipt({ outcome: 'waiting', eventIds: [newId(someTime), newId(someTime)] }),
        aReceipt({ outcome: 'discarded', eventIds: [], invalidRows: ['e#nonsense', 'e#more'] }),
      ];

      await subject.store.addReceipts(receipts);

      const page = await subject.store.readPage(somePage);
      expect(byId(page.receipts)).toEqual(byId(receipts));
    });

    it('holds a receipt once, however often it is added', async () => {
      const receipt = aReceipt();

      await subject.store.addReceipts([receipt, receipt]);
      await subject.store.addReceipts([receipt]);

      expect((await subject.store.readPage(somePage)).receipts).toEqual([receipt]);
    });

    it('takes no receipts for an answer', async () => {
      await subject.store.addReceipts([]);

      expect(await subject.rows()).toEqual([]);
    });
  });
}

function byId<T extends { id: string }>(all: readonly T[]): T[] {
  return all.toSorted((a, b) => (a.id < b.id ? -1 : 1));
}
