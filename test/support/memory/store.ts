import { holdKey, pageKeys } from '../../../lib/table/keys.ts';
import {
  acceptanceKey,
  deepestLag,
  lagKeysSince,
  lagToRow,
  rowToAcceptance,
  rowToLag,
  rowToWatermark,
  watermarkKey,
} from '../../../lib/table/sweep-notes.ts';
import { receiptToRow } from '../../../lib/table/receipt.ts';
import {
  heldAggregateOf,
  holdCount,
  holdsOf,
  keyOfWaiting,
  rowToWaiting,
  waitingToRow,
  type Waiting,
} from '../../../lib/table/waiting.ts';
import { toRow } from '../../../lib/dynamodb/items.ts';
import { contentsOf } from '../../../lib/dynamodb/page-walk.ts';
import type { Notes, PageStore, Store, WaitingRoom } from '../../../lib/table/stores.ts';
import { atOnce, createMemoryTable, type MemoryTable } from '../../../lib/testing/memory-table.ts';

/** A store in memory, its table open to whoever writes entries or looks at rows. */
export interface MemoryStore extends Store {
  readonly table: MemoryTable;
}

export interface MemoryStoreOptions {
  readonly shards: number;
  /**
   * The table, where it is there already: that of an earlier deployment.
   *
   * @default - an empty one
   */
  readonly table?: MemoryTable;
}

/**
 * The store in memory: a double for DynamoDB's that passes the same conformance suite.
 *
 * Each call is done at once and without any other in between; it never throttles and meets no conflict.
 */
export function createMemoryStore({
  shards,
  table = createMemoryTable(),
}: MemoryStoreOptions): MemoryStore {
  return {
    table,
    ...createPageStore(table, shards),
    ...createWaitingRoom(table),
    ...createNotes(table),
  };
}

function createPageStore(table: MemoryTable, shards: number): PageStore {
  return {
    addReceipts: (receipts) =>
      atOnce(() => {
        for (const receipt of receipts) table.put(receiptToRow(receipt, shards));
      }),
    readPage: (page) =>
      atOnce(() => contentsOf(pageKeys(page, shards).flatMap((pk) => table.query(pk)))),
  };
}

function createWaitingRoom(table: MemoryTable): WaitingRoom {
  const holdsOfAggregate = (aggregate: string): number => holdsOf(table.get(holdKey(aggregate)));
  const add = (waiting: Waiting): void => {
    if (table.get(keyOfWaiting(waiting.entry)) !== undefined) return;
    table.put(waitingToRow(waiting));
    const aggregate = heldAggregateOf(waiting);
    if (aggregate === undefined) return;
    table.put({ ...holdKey(aggregate), [holdCount]: holdsOfAggregate(aggregate) + 1 });
  };
  return {
    addWaiting: (waiting) =>
      atOnce(() => {
        waiting.forEach(add);
      }),
    heldAggregates: (aggregates) =>
      atOnce(() => new Set(aggregates.filter((aggregate) => holdsOfAggregate(aggregate) > 0))),
    getWaiting: (key) =>
      atOnce(() => {
        const row = table.get(key);
        return row === undefined ? undefined : rowToWaiting(row);
      }),
  };
}

function createNotes(table: MemoryTable): Notes {
  return {
    noteLag: (lag) =>
      atOnce(() => {
        table.put(lagToRow(lag));
      }),
    readLag: (since) =>
      atOnce(() => {
        const { pk, from, to } = lagKeysSince(since);
        const notes = table
          .query(pk)
          .filter(({ sk }) => sk?.S !== undefined && from <= sk.S && sk.S <= to);
        return deepestLag(notes.map((note) => rowToLag(toRow(note))));
      }),
    readWatermark: (walker) => atOnce(() => rowToWatermark(table.get(watermarkKey(walker)))),
    readAcceptance: () => atOnce(() => rowToAcceptance(table.get(acceptanceKey()))),
  };
}
