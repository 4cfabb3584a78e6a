import { entryToRow, type Entry } from '../lib/table/entry.ts';
import { pageStart, type Page } from '../lib/table/keys.ts';
import { itemBytes } from '../lib/dynamodb/items.ts';
import { newId } from '../lib/core/system.ts';
import { insertOf } from '../test/support/world.ts';

export const shards = 16;
export const retentionMs = 14 * 24 * 60 * 60 * 1000;

/** An entry whose row takes one kilobyte, as exactly as its data can be padded. */
export function kilobyteEntry(index: number, epochMs = Date.now()): Entry {
  const aggregate = `order/${index}`;
  const bare = { id: newId(epochMs), type: 'order.placed', version: 1, aggregate, data: '' };
  const padding = 1024 - rowBytes({ ...bare, data: JSON.stringify({ text: '' }) });
  return { ...bare, data: JSON.stringify({ text: 'x'.repeat(padding) }) };
}

/** Stream records of new entries, a batch at a time. */
export function batches(entries: readonly Entry[], size: number) {
  const records = entries.map((entry) => insertOf(entryToRow(entry, { shards, retentionMs })));
  return Array.from({ length: Math.ceil(records.length / size) }, (_, batch) =>
    records.slice(batch * size, (batch + 1) * size),
  );
}

/** Entries of a kilobyte, so many in each of the pages. */
export function backlog(pages: readonly Page[], perPage: number): Entry[] {
  return pages.flatMap((page) =>
    Array.from({ length: perPage }, (_, index) => kilobyteEntry(index, pageStart(page) + index)),
  );
}

/** Bytes of names and values, as DynamoDB counts an item. */
function rowBytes(entry: Entry): number {
  return itemBytes(entryToRow(entry, { shards, retentionMs }));
}
