import { isInvalidEntry, rowToEntry } from '../table/entry.ts';
import { deferredEntryPrefix, entryPrefix, type Key } from '../table/keys.ts';
import { isReceiptRow, rowToReceipt } from '../table/receipt.ts';
import type { PageContents } from '../table/store.ts';
import { toJson, toRow, type Item } from './item.ts';

/** What the items of a page say. Never throws: anyone who may write to the table can write nonsense. */
export function contentsOf(items: readonly Item[]): PageContents {
  const rows = items.map((item) => ({ item, row: toRow(item) }));
  const receipts = rows.map(({ row }) => row).filter(isReceiptRow);
  const candidates = rows
    .filter(({ item }) => hasEntryKey(item))
    .map(({ item, row }) => ({ item, row, entry: rowToEntry(row) }));
  return {
    entries: candidates.flatMap(({ entry }) => (isInvalidEntry(entry) ? [] : [entry])),
    invalid: candidates.flatMap(({ item, row, entry }) =>
      isInvalidEntry(entry)
        ? [{ ...entry, key: keyOf(row as unknown as Key), json: toJson(item) }]
        : [],
    ),
    receipts: receipts.map(rowToReceipt),
  };
}

function hasEntryKey({ sk }: Item): boolean {
  return [entryPrefix, deferredEntryPrefix].some((prefix) => sk?.S?.startsWith(prefix) === true);
}

function keyOf({ pk, sk }: Key): Key {
  return { pk, sk };
}
