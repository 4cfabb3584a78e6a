import { describe, expect, it } from 'vitest';

import type { Row } from '../../lib/table/entry.ts';
import { createMemoryTransactor } from '../../lib/testing.ts';
import { createDynamoDBTransactor } from '../../lib/dynamodb/transactor.ts';
import { createKeyedTable, localClient } from '../support/tables.ts';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';

const key = { pk: 'a', sk: 'item' };
const item = {
  ...key,
  n: 5,
  txt: 'hello',
  lst: [1, 2],
  mp: { inr: { dp: 'x' }, lst: ['p'] },
  tags: new Set(['red', 'blue']),
  nil: null,
  flg: true,
};
const values = {
  ...{ ':one': 1, ':five': 5, ':nine': 9, ':text': 'hel', ':x': 'x', ':red': 'red' },
  ...{ ':list': [3], ':N': 'N', ':M': 'M', ':SS': 'SS', ':NULL': 'NULL', ':set': new Set(['red']) },
  ':both': new Set(['red', 'blue']),
};
const names = { '#n': 'n', '#mp': 'mp' };

/** The placeholders that an expression uses: DynamoDB refuses others. */
function used<T>(
  all: Readonly<Record<string, T>>,
  expression: string,
): Record<string, T> | undefined {
  const found = Object.entries(all).filter(([name]) => new RegExp(`${name}\\b`).test(expression));
  return found.length === 0 ? undefined : Object.fromEntries(found);
}

function requestOf(tableName: string, expression: string) {
  const ExpressionAttributeNames = used(names, expression);
  const ExpressionAttributeValues = used<unknown>(values, expression);
  return {
    ...{ TableName: tableName, Key: key },
    ...(ExpressionAttributeNames && { ExpressionAttributeNames }),
    ...(ExpressionAttributeValues && { ExpressionAttributeValues }),
  };
}

async function databases() {
  const client = localClient();
  const tableName = await createKeyedTable(client);
  const memory = createMemoryTransactor({ [tableName]: ['pk', 'sk'] });
  const real = createDynamoDBTransactor(DynamoDBDocumentClient.from(client));
  for (const database of [memory, real]) {
    await database.transact([{ Put: { TableName: tableName, Item: item } }], crypto.randomUUID());
  }
  return { tableName, all: [memory, real] };
}

const conditions: [expression: string, isMet: boolean][] = [
  ['attribute_exists(n) AND attribute_not_exists(gone)', true],
  ['attribute_exists(mp.inr.dp)', true],
  ['attribute_exists(#mp.absent)', false],
  ['attribute_exists(lst[1]) AND attribute_not_exists(lst[2])', true],
  ['NOT attribute_exists(n)', false],
  ['NOT (attribute_exists(n) AND #n > :nine)', true],
  ['(#n = :one OR #n = :five) AND flg <> :one', true],
  ['#n = :one OR #n = :five AND txt = :x', false],
  ['#n BETWEEN :one AND :nine AND attribute_exists(txt)', true],
  ['#n IN (:one, :nine)', false],
  ['#n IN (:one, :five)', true],
  ['begins_with(txt, :text)', true],
  ['contains(txt, :x)', false],
  ['contains(tags, :red)', true],
  ['contains(lst, :one)', true],
  ['size(lst) > :one', true],
  ['size(txt) = :five', true],
  ['attribute_type(#mp, :M)', true],
  ['attribute_type(tags, :SS)', true],
  ['attribute_type(nil, :NULL)', true],
  ['attribute_type(gone, :N)', false],
  ['gone = :one', false],
  ['gone <> :one', true],
  ['txt < :one', false],
  ['mp.inr.dp = :x', true],
  ['tags = :both', true],
];

const updates: [expression: string, after: Row][] = [
  ['SET #n = #n + :one', { ...item, n: 6 }],
  ['SET #n = #n - :nine', { ...item, n: -4 }],
  ['SET fresh = if_not_exists(fresh, :one) + :five', { ...item, fresh: 6 }],
  ['SET #n = if_not_exists(#n, :one)', item],
  ['SET lst = list_append(lst, :list)', { ...item, lst: [1, 2, 3] }],
  ['SET fresh = list_append(if_not_exists(fresh, :list), lst)', { ...item, fresh: [3, 1, 2] }],
  ['SET lst[0] = :nine, lst[9] = :one', { ...item, lst: [9, 2, 1] }],
  ['SET #mp.inr.dp = :nine', { ...item, mp: { ...item.mp, inr: { dp: 9 } } }],
  ['SET #n = txt, txt = #n', { ...item, n: 'hello', txt: 5 }],
  [
    'REMOVE txt, lst[0]',
    Object.fromEntries(Object.entries({ ...item, lst: [2] }).filter(([name]) => name !== 'txt')),
  ],
  ['ADD #n :one, fresh :five', { ...item, n: 6, fresh: 5 }],
  ['ADD tags :set', item],
  ['DELETE tags :set', { ...item, tags: new Set(['blue']) }],
  [
    'SET fresh = :x REMOVE mp, flg ADD #n :one',
    { ...key, n: 6, txt: 'hello', lst: [1, 2], tags: item.tags, nil: null, fresh: 'x' },
  ],
];

const refused = ['SET fresh = gone', 'SET #n = #n + txt', 'SET gone.dp = :one', 'ADD txt :one'];

describe('expressions in memory and on DynamoDB Local', () => {
  it('have the same verdict on each condition', async () => {
    const { tableName, all } = await databases();
    for (const [expression, isMet] of conditions) {
      const request = { ...requestOf(tableName, expression), ConditionExpression: expression };
      const results = await Promise.all(
        all.map((database) =>
          database.transact([{ ConditionCheck: request }], crypto.randomUUID()),
        ),
      );
      const status = isMet ? 'committed' : 'cancelled';

      expect(
        results.map((result) => result.status),
        expression,
      ).toEqual([status, status]);
    }
  });

  it('leave the same item after each update', async () => {
    for (const [expression, after] of updates) {
      const { tableName, all } = await databases();
      const Update = { ...requestOf(tableName, expression), UpdateExpression: expression };
      for (const database of all) {
        await database.transact([{ Update }], crypto.randomUUID());

        expect(await database.get(tableName, key), expression).toEqual(after);
      }
    }
  });

  it.each(refused)('refuse the update %s as a whole', async (expression) => {
    const { tableName, all } = await databases();
    const Update = { ...requestOf(tableName, expression), UpdateExpression: expression };
    const [memory, real] = all.map((database) =>
      database.transact([{ Update }], crypto.randomUUID()),
    );

    // DynamoDB itself gives this reason; DynamoDB Local refuses the call.
    expect(await memory).toMatchObject({
      ...{ status: 'cancelled', reasons: [{ code: 'ValidationError' }] },
    });
    await expect(real).rejects.toMatchObject({ name: 'ValidationException' });
    for (const database of all) expect(await database.get(tableName, key)).toEqual(item);
  });
});
