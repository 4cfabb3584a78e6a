import { describe, expect, it } from 'vitest';

import { limits } from '../../lib/core/limits.ts';
import { receiptToRow } from '../../lib/table/receipt.ts';
import { receiptsFor } from '../../lib/delivery/deliver.ts';
import { itemBytes } from '../../lib/dynamodb/items.ts';
import { newId } from '../../lib/core/system.ts';
import { anEntry, retentionMs, somePage, someTime } from '../support/entries.ts';

const ports = {
  clock: { now: () => someTime, sleep: () => Promise.resolve() },
  newId,
  retentionMs,
};

describe('the receipts for what was settled', () => {
  it('are one for each page', () => {
    const entries = [anEntry(), anEntry({ id: newId(someTime + 60_000) }), anEntry()];

    const receipts = receiptsFor('published', { entries, invalidRows: [] }, ports);

    const [first, second, third] = entries.map(({ id }) => id);
    expect(receipts.map(({ eventIds }) => eventIds)).toEqual([[first, third], [second]]);
    expect(receipts[0]).toMatchObject({ page: somePage, outcome: 'published', invalidRows: [] });
  });

  it('fit in items and name all, however many there are and however long their keys', () => {
    const entries = Array.from({ length: 20_000 }, () => anEntry());
    const invalidRows = Array.from({ length: 2_000 }, (_, index) => ({
      pk: `${somePage}#00`,
      sk: `e#${String(index).padStart(1022, 'x')}`,
    }));

    const receipts = receiptsFor('waiting', { entries, invalidRows }, ports);

    const sizes = receipts.map((receipt) => itemBytes(receiptToRow(receipt, 1)));
    expect(Math.max(...sizes)).toBeLessThan(limits.table.maxItemBytes);
    expect(receipts.flatMap(({ eventIds }) => eventIds)).toEqual(entries.map(({ id }) => id));
    expect(receipts.flatMap(({ invalidRows: rows }) => rows)).toEqual(
      invalidRows.map(({ sk }) => sk),
    );
  });

  it('are none for rows that lie in no page', () => {
    const invalidRows = [{ pk: 'nowhere', sk: 'e#x' }];

    expect(receiptsFor('waiting', { entries: [], invalidRows }, ports)).toEqual([]);
  });

  it('expire not before the last entry of their page', () => {
    const [receipt] = receiptsFor('published', { entries: [anEntry()], invalidRows: [] }, ports);

    const lastOfPage = Date.parse(`${somePage}Z`) + 59_999;
    expect((receipt?.expiresAt ?? 0) * 1000).toBeGreaterThanOrEqual(lastOfPage + retentionMs);
  });
});
