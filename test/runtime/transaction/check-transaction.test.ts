import { randomUUID } from 'node:crypto';

import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { describe, expect, it } from 'vitest';

import { limits } from '../../../lib/contract/limits.ts';
import { checkTransaction } from '../../../lib/runtime/transaction/check-transaction.ts';
import { createDynamoDBTransactor } from '../../../lib/runtime/transaction/dynamodb-transactor.ts';
import { itemBytes } from '../../../lib/runtime/transaction/item-size.ts';
import type { Action } from '../../../lib/runtime/transaction/transactor.ts';
import { createKeyedTable, localClient } from '../../support/tables.ts';

const { maxItemBytes } = limits.table;
const { maxBytes } = limits.transaction;

const key = (id: number) => ({ pk: String(id).padStart(3, '0'), sk: 's' });

function putOf(bytes: number, id: number): Action {
  const item = { ...key(id), filler: '' };
  const filler = 'x'.repeat(bytes - itemBytes(item));
  return { Put: { TableName: 'orders', Item: { ...item, filler } } };
}

function thrownBy(actions: readonly Action[]): unknown {
  try {
    checkTransaction(actions);
    return undefined;
  } catch (error) {
    return error;
  }
}

describe('checkTransaction', () => {
  const small = (count: number): Action[] =>
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
      facts: { count: 101, limit: 100 },
    });
  });

  it('takes an item of 400 KB, and refuses one byte more', () => {
    expect(thrownBy([putOf(maxItemBytes, 1)])).toBeUndefined();
    expect(thrownBy([putOf(100, 1), putOf(maxItemBytes + 1, 2)])).toMatchObject({
      code: 'ITEM_TOO_LARGE',
      facts: { index: 1, tableName: 'orders', bytes: maxItemBytes + 1, limit: maxItemBytes },
    });
  });

  it('refuses what DynamoDB refuses for its size, and nothing else', async () => {
    const transactor = createDynamoDBTransactor(DynamoDBDocumentClient.from(localClient()));
    const tableName = await createKeyedTable(localClient());
    const ten = Array.from({ length: 10 }, (_, id) => putOf(maxItemBytes, id));
    const on = (actions: Action[]): Action[] =>
      actions.map(({ Put }) => ({ Put: { ...Put, Item: Put?.Item, TableName: tableName } }));
    const atLimit = on([...ten, putOf(maxBytes - 10 * maxItemBytes, 10)]);
    const beyond = on([...ten, putOf(maxBytes - 10 * maxItemBytes + 1, 10)]);

    expect(thrownBy(atLimit)).toBeUndefined();
    expect(await transactor.transact(atLimit, randomUUID())).toEqual({ status: 'committed' });
    expect(thrownBy(beyond)).toMatchObject({
      code: 'TRANSACTION_TOO_LARGE',
      facts: { bytes: maxBytes + 1, limit: maxBytes },
    });
    await expect(transactor.transact(beyond, randomUUID())).rejects.toThrow('4MB');
  });

  it('counts the values of updates as DynamoDB does', async () => {
    const transactor = createDynamoDBTransactor(DynamoDBDocumentClient.from(localClient()));
    const tableName = await createKeyedTable(localClient());
    const updates = Array.from({ length: 11 }, (_, id): Action => ({
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
    const update: Action = { Update: { TableName: 'orders', Key: key(1), UpdateExpression: '' } };
    const check: Action = {
      ConditionCheck: { TableName: 'orders', Key: key(1), ConditionExpression: 'x' },
    };

    expect(thrownBy([putOf(100, 2), update, check])).toMatchObject({
      code: 'DUPLICATE_ITEM',
      facts: { indexes: [1, 2], tableName: 'orders' },
    });
  });

  it('finds a put on the item of another action, by the key names of that action', () => {
    const remove: Action = { Delete: { TableName: 'orders', Key: key(1) } };

    expect(thrownBy([putOf(100, 1), remove])).toMatchObject({
      code: 'DUPLICATE_ITEM',
      facts: { indexes: [0, 1] },
    });
  });

  it('takes equal keys of different tables and of different types for different items', () => {
    const remove = (tableName: string, id: unknown): Action => ({
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
});
