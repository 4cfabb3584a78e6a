import { randomUUID } from 'node:crypto';

import { DynamoDBDocumentClient, ScanCommand, TransactWriteCommand } from '@aws-sdk/lib-dynamodb';
import { describe, expect, it } from 'vitest';

import { entryPrefix, entryKey, timeOfId } from '../../lib/table/keys.ts';
import { rowToEntry, type EventContext, type Row } from '../../lib/table/entry.ts';
import { withContext } from '../../lib/events/context.ts';
import { createDynamoDBTransactor } from '../../lib/dynamodb/transactor.ts';
import { openOutbox, type OutboxClient, type OutboxOptions } from '../../lib/outbox/outbox.ts';
import type { TransactItem } from '../../lib/dynamodb/actions.ts';
import { createVirtualClock } from '../../lib/testing/virtual-clock.ts';
import { OrderPlaced, OrderShipped, writerConfig } from '../support/orders.ts';
import { cancelledFor, losingAnswers, scripted } from '../support/scripted-transactor.ts';
import { createKeyedTable, createOutboxTable, localClient } from '../support/tables.ts';

const client = DynamoDBDocumentClient.from(localClient());

/** A service with a table of its own and an outbox, on DynamoDB Local. */
async function openService(over: Partial<OutboxOptions> = {}) {
  const [orders, outboxTable] = await Promise.all([
    createKeyedTable(localClient()),
    createOutboxTable(localClient()),
  ]);
  const open = (more: Partial<OutboxOptions> = {}): OutboxClient =>
    openOutbox(writerConfig(outboxTable), { documentClient: client, ...over, ...more });
  const putOrder = (id: string): TransactItem => ({
    Put: {
      TableName: orders,
      Item: { pk: id, sk: 'order', state: 'placed' },
      ConditionExpression: 'attribute_not_exists(pk)',
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    },
  });
  return {
    open,
    outbox: open(),
    outboxTable,
    orders,
    putOrder,
    orderRows: () => rowsOf(orders),
    entryRows: async () =>
      (await rowsOf(outboxTable)).filter(({ sk }) => String(sk).startsWith(entryPrefix)),
  };
}

async function rowsOf(tableName: string): Promise<Row[]> {
  const { Items = [] } = await client.send(
    new ScanCommand({ TableName: tableName, ConsistentRead: true }),
  );
  return Items;
}

describe('write', () => {
  it('writes nothing where a table has no name, and says which action and why', async () => {
    const { outbox, putOrder, orderRows, entryRows } = await openService();
    const nameless = { Put: { TableName: process.env['NOT_SET'], Item: { pk: '1', sk: '2' } } };

    const writing = outbox.write({
      items: [putOrder('42'), nameless],
      events: [OrderPlaced('42', { total: 12 })],
    });

    await expect(writing).rejects.toMatchObject({
      code: 'TABLE_NAME_MISSING',
      message: expect.stringContaining('environment variable') as string,
      details: { index: 1, kind: 'Put' },
    });
    expect([await orderRows(), await entryRows()]).toEqual([[], []]);
  });

  it('writes items and events together', async () => {
    const { outbox, putOrder, orderRows, entryRows } = await openService();
    const event = OrderPlaced('42', { total: 12 }, { sequence: 1 });

    const result = await outbox.write({ items: [putOrder('42')], events: [event] });

    const written = { id: event.id, type: 'order.placed', sequence: 1 };
    expect(result).toEqual({ events: [written], notCancelled: [] });
    expect(await orderRows()).toMatchObject([{ pk: '42' }]);
    const [row = {}, ...more] = await entryRows();
    expect(more).toEqual([]);
    expect(rowToEntry(row)).toEqual({
      id: event.id,
      type: 'order.placed',
      version: 2,
      aggregate: 'order/42',
      sequence: 1,
      data: '{"total":12}',
    });
    expect(row).toMatchObject(entryKey({ id: event.id, aggregate: 'order/42' }, 4));
    expect(row['expiresAt']).toBe(Math.ceil(timeOfId(event.id) / 1000 + 14 * 24 * 60 * 60));
  });

  it('writes nothing where a condition fails, and tells which item and what is there', async () => {
    const { outbox, putOrder, orderRows, entryRows, orders } = await openService();
    await outbox.write({ items: [putOrder('42')], events: [] });

    const writing = outbox.write({
      items: [putOrder('43'), putOrder('42')],
      events: [OrderPlaced('43', { total: 1 })],
    });

    const item = { pk: '42', sk: 'order', state: 'placed' };
    await expect(writing).rejects.toMatchObject({
      code: 'CONDITION_FAILED',
      message: `nothing was written: the condition of item 1 (table ${orders}) failed`,
      details: { index: 1, tableName: orders, item, failures: [{ index: 1 }] },
      cause: { name: 'TransactionCanceledException' },
    });
    expect(await orderRows()).toEqual([item]);
    expect(await entryRows()).toEqual([]);
  });

  it('writes an event once, and says so the second time', async () => {
    const { outbox, putOrder, entryRows } = await openService();
    const request = { items: [putOrder('42')], events: [OrderPlaced('42', { total: 12 })] };
    await outbox.write(request);

    await expect(outbox.write(request)).rejects.toMatchObject({
      code: 'EVENT_ALREADY_WRITTEN',
      details: { eventIds: [request.events[0]?.id] },
    });
    expect(await entryRows()).toHaveLength(1);
  });

  it('changes nothing when the same call comes again with its token', async () => {
    const { outbox, entryRows } = await openService();
    const request = {
      events: [OrderPlaced('42', { total: 12 })],
      clientRequestToken: randomUUID(),
    };
    const first = await outbox.write(request);

    const second = await outbox.write(request);

    expect(second).toEqual(first);
    expect(await entryRows()).toHaveLength(1);
  });

  const trace = (digit: string): string => `00-${digit.repeat(32)}-${digit.repeat(16)}-01`;
  const contexts: readonly [what: string, first: EventContext, second: EventContext][] = [
    ['another trace', { traceparent: trace('a') }, { traceparent: trace('b') }],
    ['a trace where there was none', {}, { traceparent: trace('b') }],
    ['no trace where there was one', { traceparent: trace('a'), tracestate: 'x=1' }, {}],
    ['another request', { correlationId: 'r-1', causationId: 'c-1' }, { correlationId: 'r-2' }],
    ['another tenant', { tenant: 'a' }, { tenant: 'b' }],
  ];

  it.each(contexts)(
    'changes nothing when the same call comes again with its token in another context: %s',
    async (_, first, second) => {
      const { outbox, putOrder, entryRows, orderRows } = await openService();
      const due = new Date(Date.now() + 3_600_000);
      const events = [
        OrderPlaced('42', { total: 12 }, { sequence: 1 }),
        OrderShipped('42', {}, { deliverAt: due }),
      ];
      const request = { items: [putOrder('42')], events, clientRequestToken: randomUUID() };
      const result = await withContext(first, () => outbox.write(request));
      const rows = [await entryRows(), await orderRows()];

      const again = await withContext(second, () => outbox.write(request));

      expect(again).toEqual(result);
      expect([await entryRows(), await orderRows()]).toEqual(rows);
    },
  );

  it('refuses a used token for other items with the same events, whatever the trace', async () => {
    const { outbox, putOrder } = await openService();
    const events = [OrderPlaced('42', { total: 12 })];
    const token = randomUUID();
    await outbox.write({ items: [putOrder('42')], events, clientRequestToken: token });

    const writing = withContext({ traceparent: trace('b') }, () =>
      outbox.write({ items: [putOrder('43')], events, clientRequestToken: token }),
    );

    await expect(writing).rejects.toMatchObject({ code: 'TOKEN_MISMATCH' });
  });

  it('refuses another transaction with a token that was used', async () => {
    const { outbox } = await openService();
    const token = randomUUID();
    await outbox.write({ events: [OrderPlaced('42', { total: 12 })], clientRequestToken: token });

    await expect(
      outbox.write({ events: [OrderPlaced('42', { total: 12 })], clientRequestToken: token }),
    ).rejects.toMatchObject({ code: 'TOKEN_MISMATCH' });
  });

  it('happens once where its answer was lost', async () => {
    const transactor = losingAnswers(1, createDynamoDBTransactor(client));
    const clock = createVirtualClock(Date.now());
    const { outbox, orders, orderRows, entryRows } = await openService({ transactor, clock });
    const count: TransactItem = {
      Update: {
        TableName: orders,
        Key: { pk: 'count', sk: 'orders' },
        UpdateExpression: 'ADD placed :one',
        ExpressionAttributeValues: { ':one': 1 },
      },
    };

    await outbox.write({ items: [count], events: [OrderPlaced('42', { total: 12 })] });

    expect(transactor.sent).toHaveLength(2);
    expect(await orderRows()).toMatchObject([{ placed: 1 }]);
    expect(await entryRows()).toHaveLength(1);
  });

  it('tries again after a conflict', async () => {
    const transactor = scripted(
      (call) => (call < 3 ? cancelledFor('TransactionConflict') : undefined),
      createDynamoDBTransactor(client),
    );
    const clock = createVirtualClock(Date.now());
    const { outbox, entryRows } = await openService({ transactor, clock });

    await outbox.write({ events: [OrderPlaced('42', { total: 12 })] });

    expect(transactor.sent).toHaveLength(3);
    expect(await entryRows()).toHaveLength(1);
  });

  it('names a table that does not exist', async () => {
    const { orderRows, putOrder } = await openService();
    const outbox = openOutbox(writerConfig('no-such-outbox'), { documentClient: client });

    const writing = outbox.write({
      items: [putOrder('42')],
      events: [OrderPlaced('42', { total: 12 })],
    });

    await expect(writing).rejects.toMatchObject({
      code: 'TABLE_NOT_FOUND',
      message: expect.stringContaining('no-such-outbox') as string,
    });
    expect(await orderRows()).toEqual([]);
  });

  it('refuses two puts on one item, as DynamoDB does', async () => {
    const { outbox, orders } = await openService();
    const put: TransactItem = { Put: { TableName: orders, Item: { pk: '42', sk: 'order' } } };

    await expect(outbox.write({ items: [put, put], events: [] })).rejects.toMatchObject({
      code: 'DUPLICATE_ITEM',
      details: { tableNames: [orders] },
    });
  });

  it('keeps the context that it is given, then the ambient one', async () => {
    const { outbox, entryRows } = await openService();

    await withContext({ correlationId: 'ambient', tenant: 'ambient' }, () =>
      outbox.write({
        events: [OrderPlaced('42', { total: 12 })],
        context: { correlationId: 'given' },
      }),
    );

    expect(await entryRows()).toMatchObject([{ correlationId: 'given', tenant: 'ambient' }]);
  });

  it('relates events that are written together and have no other correlation', async () => {
    const { outbox, entryRows } = await openService();
    const placed = OrderPlaced('42', { total: 12 });

    await outbox.write({ events: [placed, OrderShipped('42', {})] });

    const rows = await entryRows();
    expect(rows.map(({ correlationId }) => correlationId)).toEqual([placed.id, placed.id]);
  });
});

describe('prepare', () => {
  it('gives the actions that write events in a transaction of your own', async () => {
    const { outbox, putOrder, orderRows, entryRows } = await openService();
    const events = [OrderPlaced('42', { total: 12 }, { sequence: 'next' }), OrderShipped('42', {})];

    const actions = await outbox.prepare(events, { context: { tenant: 't' } });
    const TransactItems = [putOrder('42'), ...actions];
    await client.send(new TransactWriteCommand({ TransactItems }));

    expect(await orderRows()).toHaveLength(1);
    const entries = (await entryRows()).map(rowToEntry);
    expect(entries).toHaveLength(2);
    expect(entries).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ id: events[0]?.id, sequence: 1, tenant: 't' }),
        expect.objectContaining({ id: events[1]?.id, tenant: 't' }),
      ]),
    );
  });

  it.each([
    [undefined, 2],
    [7, 2],
    ['next', 4],
  ] as const)('costs, with a sequence of %s, %i write units', async (sequence, units) => {
    const { outbox } = await openService();
    const options = sequence === undefined ? {} : { sequence };

    const actions = await outbox.prepare([OrderPlaced('42', { total: 12 }, options)], {
      sentAtOnce: true,
    });
    // Each by itself: of several on one table, DynamoDB Local reports the units of one.
    const counted = await Promise.all(actions.map(unitsOf));

    expect(counted.reduce((total, one) => total + one, 0)).toBe(units);
  });

  it('checks and validates as a write does', async () => {
    const { outbox } = await openService();

    await expect(
      outbox.prepare([OrderPlaced('42', { total: '12' as unknown as number })]),
    ).rejects.toMatchObject({ code: 'EVENT_INVALID' });
  });

  it('leaves a lost race for the sequence to be recognised and tried again', async () => {
    const { outbox, entryRows } = await openService();
    const event = OrderPlaced('42', { total: 12 }, { sequence: 'next' });
    const tooLate = await outbox.prepare([event]);
    await outbox.write({ events: [OrderShipped('42', {}, { sequence: 'next' })] });

    const error = await send(tooLate);
    const isLost = outbox.isSequenceConflict(error, tooLate);
    const again = await send(await outbox.prepare([event]));

    expect([isLost, again]).toEqual([true, undefined]);
    const sequences = (await entryRows()).map(({ sequence }) => sequence);
    expect(sequences.sort()).toEqual([1, 2]);
  });

  it('does not take another failed condition for a lost race', async () => {
    const { outbox, putOrder } = await openService();
    const event = OrderPlaced('42', { total: 12 }, { sequence: 'next' });
    await outbox.write({ items: [putOrder('42')], events: [event] });
    const repeated = await outbox.prepare([event]);
    const refused = [putOrder('42'), ...(await outbox.prepare([OrderShipped('42', {})]))];

    const outcomes = [
      outbox.isSequenceConflict(await send(repeated), repeated),
      outbox.isSequenceConflict(await send(refused), refused),
      outbox.isSequenceConflict(new Error('socket hang up'), refused),
    ];

    expect(outcomes).toEqual([false, false, false]);
  });
});

async function send(TransactItems: TransactItem[]): Promise<unknown> {
  try {
    await client.send(new TransactWriteCommand({ TransactItems }));
    return undefined;
  } catch (error) {
    return error;
  }
}

async function unitsOf(action: TransactItem): Promise<number> {
  const { ConsumedCapacity = [] } = await client.send(
    new TransactWriteCommand({ TransactItems: [action], ReturnConsumedCapacity: 'TOTAL' }),
  );
  return ConsumedCapacity.reduce((total, { CapacityUnits = 0 }) => total + CapacityUnits, 0);
}
