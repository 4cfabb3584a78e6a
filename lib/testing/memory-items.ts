import type { Row } from '../table/entry.ts';
import { table as outboxTable, type Key } from '../table/keys.ts';
import { toItem, toRow, type Item } from '../dynamodb/item.ts';
import { keyText } from '../dynamodb/distinct-items.ts';
import type { MemoryTable } from './memory-table.ts';

/** A table of a database in memory, its items copied on their way in and out. */
export interface MemoryItems {
  readonly keyNames: readonly string[];
  /** Writes an item, over one of the same key. */
  put(item: Row): void;
  get(key: Row): Row | undefined;
  delete(key: Row): void;
  /** All items. */
  rows(): Row[];
}

/** A new table whose keys have the given names. */
export function createMemoryItems(keyNames: readonly string[]): MemoryItems {
  const items = new Map<string, Item>();
  const identify = (row: Row): string => JSON.stringify(keyNames.map((name) => keyText(row[name])));
  return {
    keyNames,
    put: (row) => {
      items.set(identify(row), toItem(row));
    },
    get: (key) => {
      const item = items.get(identify(key));
      return item && toRow(item);
    },
    delete: (key) => {
      items.delete(identify(key));
    },
    rows: () => [...items.values()].map(toRow),
  };
}

/** The table of a store in memory, so that what is written here can be relayed there. */
export function shareTable(table: MemoryTable): MemoryItems {
  return {
    keyNames: [outboxTable.pk, outboxTable.sk],
    put: (row) => {
      table.put(row);
    },
    get: (key) => table.get(key as unknown as Key),
    delete: (key) => {
      table.delete(key as unknown as Key);
    },
    rows: () => table.rows(),
  };
}
