import { describe, expect, it } from 'vitest';

import { entryToRow, type Entry } from '../../../lib/table/entry.ts';
import { pageKey } from '../../../lib/table/keys.ts';
import { receiptToRow } from '../../../lib/table/receipt.ts';
import type { OpenPage } from '../../../lib/table/stores.ts';
import { aReceipt, anEntry, retentionMs, somePage } from '../../support/entries.ts';
import { shards, type SweepStoreFactory, type SweepStoreUnderTest } from './subject.ts';

export function describeOpenPages(create: SweepStoreFactory): void {
  const write = async (
    { put }: SweepStoreUnderTest,
    entries: readonly Entry[],
    writtenWith = shards,
  ): Promise<void> => {
    for (const entry of entries) await put(entryToRow(entry, { shards: writtenWith, retentionMs }));
  };

  describe('the number of shards', () => {
    it('is the largest ever noted, whoever notes less', async () => {
      const { store } = await create({ shards });

      expect(await store.noteShards(16)).toBe(16);
      expect(await store.noteShards(32)).toBe(32);
      expect(await store.noteShards(4)).toBe(32);
    });

    it('is the larger one for both who note at the same time', async () => {
      const { store } = await create({ shards });

      const noted = await Promise.all([8, 64, 32].map((number) => store.noteShards(number)));

      expect(Math.max(...noted)).toBe(64);
      expect(await store.noteShards(1)).toBe(64);
    });
  });

  describe('an open page', () => {
    it('has nothing where nothing was written', async () => {
      const { store } = await create({ shards });

      const page = await read(await store.openPage(somePage, shards));

      expect(page).toEqual({ entries: [], invalid: [], receipts: [], chunks: 0 });
    });

    it('has entries, rows that are none, and receipts, from all shards', async () => {
      const subject = await create({ shards });
      const entries = Array.from({ length: 20 }, (_, index) =>
        anEntry({ aggregate: `order/${index}` }),
      );
      await write(subject, entries);
      await subject.put({ pk: pageKey(somePage, 3), sk: 'e#nonsense' });
      const receipts = Array.from({ length: 12 }, () => aReceipt());
      await subject.store.addReceipts(receipts);

      const page = await read(await subject.store.openPage(somePage, shards));

      expect(byId(page.entries)).toEqual(byId(entries));
      expect(page.invalid.map(({ key }) => key.sk)).toEqual(['e#nonsense']);
      expect(byId(page.receipts)).toEqual(byId(receipts));
    });

    it('has what was written with more shards than are in use, if it is told how many', async () => {
      const subject = await create({ shards: 2 });
      const entries = Array.from({ length: 20 }, (_, index) =>
        anEntry({ aggregate: `order/${index}` }),
      );
      await write(subject, entries, 8);

      const whole = await read(await subject.store.openPage(somePage, 8));
      const inPart = await read(await subject.store.openPage(somePage, 2));

      expect(byId(whole.entries)).toEqual(byId(entries));
      expect(inPart.entries.length).toBeLessThan(entries.length);
    });

    it('is read to its end where it is larger than one answer, each row once', async () => {
      const subject = await create({ shards: 1 });
      const data = JSON.stringify('x'.repeat(350_000));
      const entries = Array.from({ length: 7 }, () => anEntry({ data }));
      await write(subject, entries, 1);
      const receipts = [aReceipt(), aReceipt()];
      await subject.store.addReceipts(receipts);

      const page = await read(await subject.store.openPage(somePage, 1));

      expect(page.entries.map(({ id }) => id)).toEqual(byId(entries).map(({ id }) => id));
      expect(byId(page.receipts)).toEqual(byId(receipts));
    });

    it('has all receipts where the first answer breaks off among them', async () => {
      const subject = await create({ shards: 1 });
      const entry = anEntry();
      await write(subject, [entry], 1);
      const receipts = Array.from({ length: 5 }, () =>
        aReceipt({ invalidRows: Array.from({ length: 30 }, () => 'e'.repeat(10_000)) }),
      );
      for (const receipt of receipts) await subject.put(receiptToRow(receipt, 1));

      const page = await read(await subject.store.openPage(somePage, 1));

      expect(byId(page.receipts).map(({ id }) => id)).toEqual(byId(receipts).map(({ id }) => id));
      expect(page.entries).toEqual([entry]);
    });

    it('is read to its end though rows of others lie behind its receipts', async () => {
      const subject = await create({ shards: 1 });
      const entry = anEntry();
      const receipt = aReceipt();
      await write(subject, [entry], 1);
      await subject.store.addReceipts([receipt]);
      for (let index = 0; index < 4; index++) {
        const others = { pk: pageKey(somePage, 0), sk: `z#${index}`, text: 'x'.repeat(350_000) };
        await subject.put(others);
      }

      const page = await read(await subject.store.openPage(somePage, 1));

      expect(page).toMatchObject({ entries: [entry], invalid: [], receipts: [receipt] });
    });

    it('has an aggregate in the order of its ids', async () => {
      const subject = await create({ shards });
      const entries = Array.from({ length: 40 }, () => anEntry({ aggregate: 'order/1' }));
      await write(subject, entries.toReversed());

      const page = await read(await subject.store.openPage(somePage, shards));

      expect(page.entries).toEqual(byId(entries));
    });
  });

  describe('the receipts of a page', () => {
    it('can be read alone, from all its shards', async () => {
      const subject = await create({ shards });
      await write(subject, [anEntry()]);
      const receipts = Array.from({ length: 12 }, () => aReceipt());
      await subject.store.addReceipts(receipts);

      expect(byId(await subject.store.readReceipts(somePage))).toEqual(byId(receipts));
    });
  });
}

async function read({ receipts, chunks }: OpenPage) {
  const all = [];
  for await (const chunk of chunks) all.push(chunk);
  return {
    receipts,
    entries: all.flatMap(({ entries }) => entries),
    invalid: all.flatMap(({ invalid }) => invalid),
    chunks: all.length,
  };
}

function byId<T extends { id: string }>(all: readonly T[]): T[] {
  return all.toSorted((a, b) => (a.id < b.id ? -1 : 1));
}
