import { inspect } from 'node:util';

import { OutboxError } from '../core/errors.ts';
import {
  checkDistinctItems,
  keyText,
  requestOf,
  tableNameOf,
  type TransactItem,
  type CancellationReason,
  type TransactionResult,
  type Transactor,
} from '../dynamodb/actions.ts';
import { toItem, toRow, type Item } from '../dynamodb/items.ts';
import { tokenMismatch } from '../dynamodb/transactor.ts';
import type { Row } from '../table/entry.ts';
import { table as outboxTable, type Key } from '../table/keys.ts';
import { applyUpdate, ItemRefused, meetsCondition } from './expressions.ts';
import { atOnce, type MemoryTable } from './memory-table.ts';

/** By name: the key names of a table of its own, or the table of a store in memory to share with it. */
export type MemoryTables = Readonly<Record<string, readonly string[] | MemoryTable>>;

/** A database in memory whose rows a test can read. */
export interface MemoryTransactor extends Transactor {
  /** @throws OutboxError `TABLE_NOT_FOUND` */
  rows(tableName: string): Row[];
  /** Puts an item that a test begins with. @throws OutboxError `TABLE_NOT_FOUND` */
  put(tableName: string, item: Row): void;
}

/**
 * The database in memory: a double for DynamoDB that passes the same conformance suite.
 *
 * ```ts
 * const transactor = createMemoryTransactor({ orders: ['id'], outbox: ['pk', 'sk'] });
 * ```
 *
 * Transactions happen one at a time: it meets no conflict, never throttles, and remembers tokens for good.
 * It evaluates condition and update expressions as DynamoDB does.
 */
export function createMemoryTransactor(tables: MemoryTables): MemoryTransactor {
  const database = createDatabase(tables);
  const committed = new Map<string, string>();
  return {
    transact: (actions, token) =>
      atOnce(() => {
        const told = inspect(actions, everything);
        const before = committed.get(token);
        if (before === told) return { status: 'committed' };
        if (before !== undefined) throw tokenMismatch(actions.map(tableNameOf));
        const result = database.transact(actions);
        if (result.status === 'committed') committed.set(token, told);
        return result;
      }),
    write: (action) => atOnce(() => database.transact([action])),
    get: (tableName, key) => atOnce(() => database.table(tableName).get(key)),
    rows: (tableName) => database.table(tableName).rows(),
    put: (tableName, item) => {
      database.table(tableName).put(item);
    },
  };
}

const everything = { depth: null, maxArrayLength: null, maxStringLength: null, sorted: true };

interface Database {
  table(name: string): MemoryItems;
  transact(actions: readonly TransactItem[]): TransactionResult;
}

function createDatabase(tables: MemoryTables): Database {
  const byName = new Map(
    Object.entries(tables).map(([name, given]) => [
      name,
      'query' in given ? shareTable(given) : createMemoryItems(given),
    ]),
  );
  const keyNames = new Map([...byName].map(([name, items]) => [name, items.keyNames]));
  const table = (name: string): MemoryItems => {
    const items = byName.get(name);
    if (items === undefined) throw noTable(name);
    return items;
  };
  return {
    table,
    transact: (actions) => {
      const reasons = actions.map((action) => judge(action, table(tableNameOf(action))));
      checkDistinctItems(actions, keyNames);
      if (reasons.some(({ code }) => code !== 'None')) return { status: 'cancelled', reasons };
      for (const action of actions) apply(action, table(tableNameOf(action)));
      return { status: 'committed' };
    },
  };
}

function judge(action: TransactItem, items: MemoryItems): CancellationReason {
  const request = requestOf(action);
  const item = items.get(keyOf(action, items));
  if (meetsCondition(item ?? {}, request)) return judgeUpdate(action, item);
  const isItemWanted = request.ReturnValuesOnConditionCheckFailure === 'ALL_OLD';
  return {
    code: 'ConditionalCheckFailed',
    message: 'The conditional request failed',
    ...(isItemWanted && item !== undefined ? { item, row: item } : {}),
  };
}

/** Whether the item allows the update: it is evaluated, and written once all actions may be. */
function judgeUpdate({ Update }: TransactItem, item: Row | undefined): CancellationReason {
  try {
    if (Update !== undefined) applyUpdate(item ?? { ...Update.Key }, Update);
    return { code: 'None' };
  } catch (error) {
    if (!(error instanceof ItemRefused)) throw error;
    return { code: 'ValidationError', message: error.message };
  }
}

function noTable(name: string): OutboxError {
  return new OutboxError(
    'TABLE_NOT_FOUND',
    `there is no table ${name} in memory: add it with the names of its key, as { ${JSON.stringify(name)}: 'id' }, ` +
      'or set the variable that holds its name',
    { details: { tableNames: [name] } },
  );
}

function apply(action: TransactItem, items: MemoryItems): void {
  const request = requestOf(action);
  const key = keyOf(action, items);
  if (action.Put !== undefined) items.put({ ...request.Item });
  if (action.Delete !== undefined) items.delete(key);
  if (action.Update !== undefined) items.put(applyUpdate(items.get(key) ?? key, request));
}

function keyOf(action: TransactItem, { keyNames }: MemoryItems): Row {
  const { Key, Item = {} } = requestOf(action);
  return Key ?? Object.fromEntries(keyNames.map((name) => [name, Item[name]]));
}

/** A table of a database in memory, its items copied on their way in and out. */
interface MemoryItems {
  readonly keyNames: readonly string[];
  /** Writes an item, over one of the same key. */
  put(item: Row): void;
  get(key: Row): Row | undefined;
  delete(key: Row): void;
  /** All items. */
  rows(): Row[];
}

/** A new table whose keys have the given names. */
function createMemoryItems(keyNames: readonly string[]): MemoryItems {
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
function shareTable(table: MemoryTable): MemoryItems {
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
