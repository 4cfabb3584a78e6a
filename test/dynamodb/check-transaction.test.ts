import { randomUUID } from 'node:crypto';

import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { describe, expect, it } from 'vitest';

import { limits } from '../../lib/core/limits.ts';
import { checkTransaction, type TransactItem } from '../../lib/dynamodb/actions.ts';
import { createDynamoDBTransactor } from '../../lib/dynamodb/transactor.ts';
import { itemBytes } from '../../lib/dynamodb/items.ts';
import { createKeyedTable, localClient } from '../support/tables.ts';

const { maxItemBytes } = limits.table;
const { maxBytes } = limits.transaction;

const key = (id: number) => ({ pk: String(id).padStart(3, '0'), sk: 's' });

function putOf(bytes: number, id: number): TransactItem {
  const item = { ...key(id), filler: '' };
  const filler = 'x'.repeat(bytes - itemBytes(item));
  return { Put: { TableName: 'orders', Item: { ...item, filler } } };
}

function thrownBy(actions: readonly TransactItem[]): unknown {
  try {
    checkTransaction(actions);
    return undefined;
  } catch (error) {
    return error;
  }
}

describe('checkTransaction', () => {
  const small = (count: number): TransactItem[] =>
    Array.from({ length: count }, (_, id) => putOf(100, id));

  it('takes one action, and a hundred', () => {
    expect([thrownBy(small(1)), thrownBy(small(100))]).toEqual([undefined, undefined]);
  });

  it('refuses none', () => {
    expect(thrownBy([])).toMatchObject({ code: 'NOTHING_TO_WRITE' });
  });

  it('refuses more than a hundred, and says how many', () => {
    expect(thrownBy(small(101))).toMatchObject({
      code: 'TOO_MANY_ACTIONS',
      details: { count: 101, limit: 100 },
    });
  });

  it('takes an item of 400 KB, and refuses one byte more', () => {
    expect(thrownBy([putOf(maxItemBytes, 1)])).toBeUndefined();
    expect(thrownBy([putOf(100, 1), putOf(maxItemBytes + 1, 2)])).toMatchObject({
      code: 'ITEM_TOO_LARGE',
      details: { index: 1, tableName: 'orders', bytes: maxItemBytes + 1, limit: maxItemBytes },
    });
  });

  it('refuses what DynamoDB refuses for its size, and nothing else', async () => {
    const transactor = createDynamoDBTransactor(DynamoDBDocumentClient.from(localClient()));
    const tableName = await createKeyedTable(localClient());
    const ten = Array.from({ length: 10 }, (_, id) => putOf(maxItemBytes, id));
    const on = (actions: TransactItem[]): TransactItem[] =>
      actions.map(({ Put }) => ({ Put: { ...Put, Item: Put?.Item, TableName: tableName } }));
    const atLimit = on([...ten, putOf(maxBytes - 10 * maxItemBytes, 10)]);
    const beyond = on([...ten, putOf(maxBytes - 10 * maxItemBytes + 1, 10)]);

    expect(thrownBy(atLimit)).toBeUndefined();
    expect(await transactor.transact(atLimit, randomUUID())).toEqual({ status: 'committed' });
    expect(thrownBy(beyond)).toMatchObject({
      code: 'TRANSACTION_TOO_LARGE',
      details: { bytes: maxBytes + 1, limit: maxBytes },
    });
    await expect(transactor.transact(beyond, randomUUID())).rejects.toThrow('4MB');
  });

  it('counts the values of updates as DynamoDB does', async () => {
    const transactor = createDynamoDBTransactor(DynamoDBDocumentClient.from(localClient()));
    const tableName = await createKeyedTable(localClient());
    const updates = Array.from({ length: 11 }, (_, id): TransactItem => ({
      Update: {
        TableName: tableName,
        Key: key(id),
        UpdateExpression: 'SET filler = :filler',
        ExpressionAttributeValues: { ':filler': 'x'.repeat(399_000) },
      },
    }));

    expect(thrownBy(updates)).toMatchObject({ code: 'TRANSACTION_TOO_LARGE' });
    await expect(transactor.transact(updates, randomUUID())).rejects.toThrow('4MB');
  });

  it('finds two actions on one item where their keys are known', () => {
    const update: TransactItem = {
      Update: { TableName: 'orders', Key: key(1), UpdateExpression: '' },
    };
    const check: TransactItem = {
      ConditionCheck: { TableName: 'orders', Key: key(1), ConditionExpression: 'x' },
    };

    expect(thrownBy([putOf(100, 2), update, check])).toMatchObject({
      code: 'DUPLICATE_ITEM',
      details: { indexes: [1, 2], tableName: 'orders' },
    });
  });

  it('finds a put on the item of another action, by the key names of that action', () => {
    const remove: TransactItem = { Delete: { TableName: 'orders', Key: key(1) } };

    expect(thrownBy([putOf(100, 1), remove])).toMatchObject({
      code: 'DUPLICATE_ITEM',
      details: { indexes: [0, 1] },
    });
  });

  it('takes equal keys of different tables and of different types for different items', () => {
    const remove = (tableName: string, id: unknown): TransactItem => ({
      Delete: { TableName: tableName, Key: { id } },
    });

    expect(
      thrownBy([
        remove('orders', '1'),
        remove('invoices', '1'),
        remove('orders', 1),
        remove('orders', new Uint8Array([1])),
        remove('orders', new Uint8Array([2])),
      ]),
    ).toBeUndefined();
  });

  const bytes = (...values: number[]) => new Uint8Array(values);
  it.each<[kind: string, of: (value: Uint8Array<ArrayBuffer>) => unknown]>([
    ['Uint8Array', (value) => value],
    ['Buffer', (value) => Buffer.from(value)],
    ['ArrayBuffer', (value) => value.buffer],
    ['DataView', (value) => new DataView(value.buffer)],
  ])('compares the bytes of keys that are a %s', (_, of) => {
    const remove = (id: unknown): TransactItem => ({
      Delete: { TableName: 'orders', Key: { id } },
    });
    const same = [remove(of(bytes(1, 2))), remove(of(bytes(1, 2)))];

    expect(thrownBy([remove(of(bytes(1, 2))), remove(of(bytes(1, 3)))])).toBeUndefined();
    expect(thrownBy(same)).toMatchObject({ code: 'DUPLICATE_ITEM' });
  });

  it('leaves keys to the database whose bytes are not at hand', () => {
    const remove = (text: string): TransactItem => ({
      Delete: { TableName: 'orders', Key: { id: new Blob([text]) } },
    });

    expect(thrownBy([remove('a'), remove('b')])).toBeUndefined();
  });

  const cyclic: Record<string, unknown> = { id: '1' };
  cyclic['self'] = [cyclic];
  const deep = (levels: number): unknown =>
    Array.from({ length: levels }).reduce<unknown>((inner) => ({ inner }), 'x');
  it.each<[what: string, action: unknown, problem: string]>([
    ['no kind', {}, 'must be one of Put, Update, Delete, ConditionCheck, got nothing'],
    ['undefined', undefined, 'got nothing'],
    ['a bare request', { TableName: 'a', Item: {} }, 'got TableName, Item: write { Put: {'],
    ['two kinds', { Put: { TableName: 'a' }, Delete: { TableName: 'a' } }, 'got Put, Delete'],
    ['no item', { Put: { TableName: 'orders' } }, '(Put on table orders) has no Item'],
    ['no key', { Update: { TableName: 'orders' } }, '(Update on table orders) has no Key'],
    ['a cyclic item', { Put: { TableName: 'a', Item: cyclic } }, 'refers to itself'],
    [
      'a cyclic value',
      { Update: { TableName: 'a', Key: {}, ExpressionAttributeValues: { ':v': cyclic } } },
      'refers to itself',
    ],
    ['32 levels in an item', { Put: { TableName: 'a', Item: { v: deep(32) } } }, '32 levels'],
  ])('refuses an action with %s', (_, action, problem) => {
    expect(thrownBy([putOf(100, 1), action as TransactItem])).toMatchObject({
      code: 'ACTION_INVALID',
      message: expect.stringContaining(problem) as string,
      details: { index: 1 },
    });
  });

  it.each([undefined, '', null, 7])('refuses %j for a table name', (TableName) => {
    const action = { Delete: { TableName, Key: { id: '1' } } } as unknown as TransactItem;

    expect(thrownBy([putOf(100, 1), action])).toMatchObject({
      code: 'TABLE_NAME_MISSING',
      message: expect.stringContaining('Delete of action 1 has no TableName') as string,
      details: { index: 1, kind: 'Delete' },
    });
  });

  it('takes an item as deep as DynamoDB does', async () => {
    const transactor = createDynamoDBTransactor(DynamoDBDocumentClient.from(localClient()));
    const TableName = await createKeyedTable(localClient());
    const put = (levels: number): TransactItem[] => [
      { Put: { TableName, Item: { ...key(1), v: deep(levels) } } },
    ];

    expect(thrownBy(put(31))).toBeUndefined();
    expect(await transactor.transact(put(31), randomUUID())).toEqual({ status: 'committed' });
    await expect(transactor.transact(put(32), randomUUID())).rejects.toThrow(/[Nn]esting/);
  });
});
