import { DynamoDBDocumentClient, ScanCommand } from '@aws-sdk/lib-dynamodb';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import type { Row } from '../../lib/table/entry.ts';
import { openOutbox, type OutboxOptions } from '../../lib/outbox/outbox.ts';
import type { TransactItem } from '../../lib/dynamodb/actions.ts';
import { createMemoryTransactor } from '../../lib/testing/memory-transactor.ts';
import { createVirtualClock } from '../../lib/testing/virtual-clock.ts';
import { OrderPlaced, OrderShipped, writerConfig } from '../support/orders.ts';
import { cancelledFor, scripted } from '../support/scripted-transactor.ts';
import { createOutboxTable, localClient } from '../support/tables.ts';

const next = { sequence: 'next' } as const;
const placed = (id: string) => OrderPlaced(id, { total: 1 }, next);

/** An outbox on a database in memory, its clock virtual. */
function inMemory(over: Partial<OutboxOptions> = {}) {
  const database = createMemoryTransactor({ outbox: ['pk', 'sk'], orders: ['id'] });
  const clock = createVirtualClock(Date.now());
  const options = { transactor: database, clock, random: Math.random };
  return { database, outbox: openOutbox(writerConfig('outbox'), { ...options, ...over }) };
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);

describe('the next sequence', () => {
  it('counts from one, each aggregate for itself', async () => {
    const { outbox } = inMemory();

    const results = [
      await outbox.write({ events: [placed('42')] }),
      await outbox.write({ events: [placed('42')] }),
      await outbox.write({ events: [placed('43')] }),
    ];

    expect(results.map(({ events }) => events[0]?.sequence)).toEqual([1, 2, 1]);
  });

  it('numbers the events of one write in their order, with one counter for each aggregate', async () => {
    const { outbox, database } = inMemory();
    const events = [placed('42'), placed('43'), placed('42'), OrderShipped('42', {}), placed('42')];

    const result = await outbox.write({ events });

    expect(result.events.map(({ sequence }) => sequence)).toEqual([1, 1, 2, undefined, 3]);
    const counters = database.rows('outbox').filter(({ sk }) => sk === 'sequence');
    expect(counters).toEqual([
      { pk: 'a#order/42', sk: 'sequence', value: 3 },
      { pk: 'a#order/43', sk: 'sequence', value: 1 },
    ]);
  });

  it('leaves no hole where the write fails', async () => {
    const { outbox } = inMemory();
    const refused = {
      ConditionCheck: {
        TableName: 'orders',
        Key: { id: '42' },
        ConditionExpression: 'attribute_exists(id)',
      },
    };

    await expect(outbox.write({ items: [refused], events: [placed('42')] })).rejects.toMatchObject({
      code: 'CONDITION_FAILED',
    });

    const { events } = await outbox.write({ events: [placed('42')] });
    expect(events[0]?.sequence).toBe(1);
  });

  it('is read again where another writer was faster, under a new token', async () => {
    const database = createMemoryTransactor({ outbox: ['pk', 'sk'] });
    const rival = inMemory({ transactor: database }).outbox;
    const late = scripted(() => undefined, {
      ...database,
      get: async (tableName, key) => {
        const row = await database.get(tableName, key);
        if (late.sent.length < 2) await rival.write({ events: [placed('42')] });
        return row;
      },
    });

    const { events } = await inMemory({ transactor: late }).outbox.write({
      events: [placed('42')],
    });

    expect(events[0]?.sequence).toBe(3);
    expect(late.sent).toHaveLength(3);
    expect(new Set(late.sent.map(({ token }) => token)).size).toBe(3);
  });

  it('is read again where the counter lost and the rest met conflicts', async () => {
    const database = createMemoryTransactor({ outbox: ['pk', 'sk'] });
    const transactor = scripted(
      (call) =>
        call === 1 ? cancelledFor('ConditionalCheckFailed', 'TransactionConflict') : undefined,
      database,
    );

    await inMemory({ transactor }).outbox.write({ events: [placed('42')] });

    expect(transactor.sent).toHaveLength(2);
  });

  it('is not tried again where more than the counter failed', async () => {
    const transactor = scripted(() =>
      cancelledFor('ConditionalCheckFailed', 'ConditionalCheckFailed', 'None'),
    );
    const item = { Put: { TableName: 'orders', Item: { id: '42' } } };

    await expect(
      inMemory({ transactor }).outbox.write({ items: [item], events: [placed('42')] }),
    ).rejects.toMatchObject({ code: 'CONDITION_FAILED', details: { index: 0 } });
    expect(transactor.sent).toHaveLength(1);
  });

  it('gives up after twenty lost races', async () => {
    const transactor = scripted(() => cancelledFor('ConditionalCheckFailed', 'None'));

    await expect(
      inMemory({ transactor }).outbox.write({ events: [placed('42')] }),
    ).rejects.toMatchObject({ code: 'SEQUENCE_CONFLICT', details: { races: 20 } });
    expect(transactor.sent).toHaveLength(20);
  });

  it('has no holes and no repetitions, however writers meet', async () => {
    const writes = fc.array(fc.array(fc.constantFrom('a', 'b'), { minLength: 1, maxLength: 4 }), {
      maxLength: 8,
    });

    await fc.assert(
      fc.asyncProperty(fc.scheduler(), writes, async (scheduler, all) => {
        const database = createMemoryTransactor({ outbox: ['pk', 'sk'] });
        const transactor = {
          ...database,
          transact: scheduler.scheduleFunction((actions: readonly TransactItem[], token: string) =>
            database.transact(actions, token),
          ),
          get: scheduler.scheduleFunction((tableName: string, key: Row) =>
            database.get(tableName, key),
          ),
        };
        const { outbox } = inMemory({ transactor });
        const writing = all.map((ids) => outbox.write({ events: ids.map(placed) }));

        await scheduler.waitFor(Promise.all(writing));

        const rows = database.rows('outbox').filter(({ sk }) => sk !== 'sequence');
        for (const id of ['a', 'b']) {
          const given = rows.filter(({ aggregate }) => aggregate === `order/${id}`);
          const sequences = given.map(({ sequence }) => Number(sequence)).sort((a, b) => a - b);
          expect(sequences).toEqual(upTo(all.flat().filter((one) => one === id).length));
        }
      }),
      { numRuns: 50 },
    );
  });

  it('has no holes and no repetitions where writers meet on DynamoDB', async () => {
    const tableName = await createOutboxTable(localClient());
    // Numbers come wrapped, as some people's clients have them.
    const client = DynamoDBDocumentClient.from(localClient(), {
      unmarshallOptions: { wrapNumbers: true },
    });
    const outbox = openOutbox(writerConfig(tableName), { documentClient: client });

    const results = await Promise.all(
      upTo(12).map(() => outbox.write({ events: [placed('42'), placed('42')] })),
    );

    const given = results.flatMap(({ events }) => events.map(({ sequence }) => sequence ?? 0));
    expect(given.sort((a, b) => a - b)).toEqual(upTo(24));
    const { Items = [] } = await client.send(new ScanCommand({ TableName: tableName }));
    const stored = Items.filter(({ sk }) => sk !== 'sequence').map(({ sequence }) =>
      Number(sequence),
    );
    expect(stored.sort((a, b) => a - b)).toEqual(upTo(24));
  });
});

describe('a sequence that is given', () => {
  it('needs no counter', async () => {
    const { outbox, database } = inMemory();

    await outbox.write({ events: [OrderPlaced('42', { total: 1 }, { sequence: 7 })] });

    expect(database.rows('outbox')).toMatchObject([{ sequence: 7, aggregate: 'order/42' }]);
  });

  it.each([
    ['twice the same', 7, 7],
    ['one given, one asked for', 7, 'next'],
  ] as const)('is refused where it clashes within one write: %s', async (_, first, second) => {
    const { outbox, database } = inMemory();
    const events = [first, second].map((sequence) => OrderShipped('42', {}, { sequence }));

    await expect(outbox.write({ events })).rejects.toMatchObject({ code: 'SEQUENCE_INVALID' });
    expect(database.rows('outbox')).toEqual([]);
  });

  it('may be the same in two aggregates', async () => {
    const { outbox } = inMemory();
    const events = ['42', '43'].map((id) => OrderShipped(id, {}, { sequence: 7 }));

    expect((await outbox.write({ events })).events).toHaveLength(2);
  });
});
