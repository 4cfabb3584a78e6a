import { toItem, toRow, type Item } from '../dynamodb/items.ts';
import type { Row } from '../table/entry.ts';
import type { Key } from '../table/keys.ts';

/**
 * Rows under `pk` and `sk` as DynamoDB keeps them: copied on their way in and out, refused where they
 * are too large, sorted by the bytes of `sk`.
 */
export interface MemoryTable {
  /** Writes a row, over one of the same key. */
  put(row: Row): void;
  get(key: Key): Row | undefined;
  /** Removes a row, if it is there. */
  delete(key: Key): void;
  /** The items of a partition in the order of their sort keys. */
  query(pk: string): Item[];
  /** All rows, partition by partition; only of partitions whose keys begin with `prefix`, if it is given. */
  rows(prefix?: string): Row[];
}

/**
 * An empty table in memory.
 *
 * Its `put` throws `OutboxError` `ITEM_TOO_LARGE` where DynamoDB would refuse the row.
 */
export function createMemoryTable(): MemoryTable {
  const partitions = new Map<string, Map<string, Item>>();
  const query = (pk: string): Item[] => {
    const partition = [...(partitions.get(pk) ?? [])];
    return partition.toSorted(([a], [b]) => compareBytes(a, b)).map(([, item]) => item);
  };
  return {
    put: (row) => {
      const item = toItem(row);
      const { pk, sk } = row as unknown as Key;
      const partition = partitions.get(pk) ?? new Map<string, Item>();
      partitions.set(pk, partition.set(sk, item));
    },
    get: ({ pk, sk }) => {
      const item = partitions.get(pk)?.get(sk);
      return item === undefined ? undefined : toRow(item);
    },
    delete: ({ pk, sk }) => {
      partitions.get(pk)?.delete(sk);
    },
    query,
    rows: (prefix = '') =>
      [...partitions.keys()]
        .filter((pk) => pk.startsWith(prefix))
        .flatMap(query)
        .map(toRow),
  };
}

function compareBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/** Runs `work` now; what it throws rejects. */
export function atOnce<T>(work: () => T): Promise<T> {
  return new Promise((resolve) => {
    resolve(work());
  });
}
