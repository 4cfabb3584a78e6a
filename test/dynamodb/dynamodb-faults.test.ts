import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { describe, expect, it } from 'vitest';

import { createDynamoDBTransactor } from '../../lib/dynamodb/transactor.ts';
import { isLostSequenceRace } from '../../lib/outbox/sequence.ts';
import type { TransactItem, Transactor } from '../../lib/dynamodb/actions.ts';
import { localClient } from '../support/tables.ts';

const actions: TransactItem[] = [
  { Put: { TableName: 'orders', Item: { id: '42' } } },
  { Put: { TableName: 'outbox', Item: { pk: 'p', sk: 's' } } },
];

/** A transactor whose client throws what DynamoDB might. */
function failingWith(error: Error): Transactor {
  const client = DynamoDBDocumentClient.from(localClient(), {
    unmarshallOptions: { wrapNumbers: (text) => `number ${text}` },
  });
  client.send = () => Promise.reject(error);
  return createDynamoDBTransactor(client);
}

function exception(name: string, more: object = {}): Error {
  return Object.assign(new Error(`message of ${name}`), { name, ...more });
}

describe('the transactor on DynamoDB, when the client throws', () => {
  it.each([
    'TransactionInProgressException',
    'ThrottlingException',
    'ProvisionedThroughputExceededException',
    'RequestLimitExceeded',
  ])('says after %s that the same call may be made again', async (code) => {
    const cause = exception(code);

    expect(await failingWith(cause).transact(actions, 'token')).toEqual({
      status: 'busy',
      code,
      cause,
    });
  });

  it('says so as well of an item that a transaction is changing', async () => {
    const cause = exception('TransactionConflictException');

    expect(await failingWith(cause).write({ Put: { TableName: 'orders', Item: {} } })).toEqual({
      status: 'busy',
      code: 'TransactionConflictException',
      cause,
    });
  });

  it('reads the reasons of a cancelled transaction, action by action', async () => {
    const cause = exception('TransactionCanceledException', {
      CancellationReasons: [
        {
          Code: 'ConditionalCheckFailed',
          Message: 'failed',
          Item: { id: { S: '42' }, n: { N: '1' } },
        },
        { Code: 'None' },
        {},
      ],
    });

    expect(await failingWith(cause).transact(actions, 'token')).toEqual({
      status: 'cancelled',
      reasons: [
        {
          ...{ code: 'ConditionalCheckFailed', message: 'failed' },
          // In the shape that the caller's own client gives items, and in the package's own.
          ...{ item: { id: '42', n: 'number 1' }, row: { id: '42', n: 1 } },
        },
        { code: 'None' },
        { code: 'None' },
      ],
      cause,
    });
  });

  it('names all tables of the transaction where one does not exist', async () => {
    const cause = exception('ResourceNotFoundException');

    await expect(failingWith(cause).transact(actions, 'token')).rejects.toMatchObject({
      code: 'TABLE_NOT_FOUND',
      details: { tableNames: ['orders', 'outbox'] },
      cause,
    });
  });

  it.each([
    exception('AccessDeniedException'),
    exception('ValidationException'),
    exception('TimeoutError'),
    'no error at all' as unknown as Error,
  ])('lets %s through as it is', async (error) => {
    await expect(failingWith(error).transact(actions, 'token')).rejects.toBe(error);
    await expect(failingWith(error).get('orders', { id: '42' })).rejects.toBe(error);
  });
});

describe('the transactor on DynamoDB, reading', () => {
  it('reads consistently, so that a sequence is not given out again', async () => {
    const sent: unknown[] = [];
    const client = DynamoDBDocumentClient.from(localClient());
    client.send = ({ input }: { input: unknown }) => {
      sent.push(input);
      return Promise.resolve({});
    };

    await createDynamoDBTransactor(client).get('orders', { id: '42' });

    expect(sent).toEqual([{ TableName: 'orders', Key: { id: { S: '42' } }, ConsistentRead: true }]);
  });
});

describe('a lost race for the sequence', () => {
  const counter: TransactItem = {
    Update: {
      TableName: 'outbox',
      Key: { pk: 'a#order/42', sk: 'sequence' },
      UpdateExpression: 'SET #value = :to',
    },
  };
  const elsewhere: TransactItem = {
    Update: {
      ...counter.Update,
      TableName: 'orders',
      Key: counter.Update?.Key,
      UpdateExpression: '',
    },
  };
  const isLost = (all: readonly TransactItem[], ...codes: string[]): boolean =>
    isLostSequenceRace(
      exception('TransactionCanceledException', {
        CancellationReasons: codes.map((Code) => ({ Code })),
      }),
      { actions: all, tableName: 'outbox' },
    );

  it.each([
    [['None', 'ConditionalCheckFailed'], true],
    [['None', 'TransactionConflict'], true],
    [['TransactionConflict', 'ConditionalCheckFailed'], true],
    [['TransactionConflict', 'None'], false],
    [['ConditionalCheckFailed', 'ConditionalCheckFailed'], false],
    [['ConditionalCheckFailed', 'None'], false],
    [['None', 'ValidationError'], false],
  ])('with the counter second, reasons %o: %s', (codes, expected) => {
    expect(isLost([actions[0] ?? {}, counter], ...codes)).toBe(expected);
  });

  it("is not seen in another table's row of the same key", () => {
    expect(isLost([elsewhere], 'ConditionalCheckFailed')).toBe(false);
  });
});
