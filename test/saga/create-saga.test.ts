import { describe, expect, it, test } from 'vitest';
import { z } from 'zod';

import { defineSaga } from '../../lib/saga/define-saga.ts';
import { messageOf } from '../../lib/testing.ts';
import {
  fulfilment,
  Noticed,
  OrderAmended,
  OrderPlaced,
  PaymentRefunded,
  PaymentTaken,
  StockMissing,
  StockReserved,
} from './fulfilment.ts';
import { localWorld, memoryWorld } from './support.ts';

const data = { orderId: '42' };
const minute = 60_000;
const placed = messageOf(OrderPlaced('42', data));
const paid = messageOf(PaymentTaken('42', data));
const reserved = messageOf(StockReserved('42', data));

describe('a saga on DynamoDB', () => {
  it('keeps its state, emits its commands and sets its deadline in one go, once', async () => {
    const world = await localWorld();
    const handler = world.run(fulfilment);

    await world.deliver(handler, placed);
    await world.deliver(handler, placed);

    expect(await world.sagas()).toMatchObject([
      {
        ...{ saga: 'fulfilment', key: '42', status: 'running', revision: 1, version: 1 },
        state: '{"orderId":"42","paid":false,"steps":1}',
        startedAt: world.clock.now(),
        overdueAt: world.clock.now() + 24 * 60 * minute,
        history: [{ type: 'order.placed', eventId: placed.id, emitted: ['payment.take'] }],
      },
    ]);
    expect(await world.emittedTypes()).toEqual(['payment.take']);
    expect(await world.waiting()).toMatchObject([
      {
        type: 'fulfilment.deadline',
        aggregate: 'fulfilment/42',
        dueAt: world.clock.now() + 15 * minute,
        causationId: placed.id,
      },
    ]);
  });

  it('goes on to its end, takes its deadlines back, and is remembered for the dedupe window', async () => {
    const world = await localWorld();
    const handler = world.run(fulfilment);

    for (const message of [placed, paid, reserved]) await world.deliver(handler, message);

    expect(await world.waiting()).toEqual([]);
    const [saga] = await world.sagas();
    expect(saga).toMatchObject({
      status: 'completed',
      revision: 3,
      deadlines: {},
      expiresAt: Math.ceil((world.clock.now() + world.settings.dedupeWindowMs) / 1000),
    });
    expect(saga).not.toHaveProperty('overdueAt');
    expect(await world.rowsOf(world.tables.sagas)).not.toContainEqual(
      expect.objectContaining({ runningKey: expect.anything() as unknown }),
    );
  });

  it('is compensated by a deadline that nobody answered, and by nothing before', async () => {
    const world = await localWorld();
    const handler = world.run(fulfilment);
    await world.deliver(handler, placed);

    world.clock.advance(15 * minute - 1);
    expect(await world.due()).toEqual([]);
    world.clock.advance(1);
    const due = await world.due();
    expect(await world.deliver(handler, ...due)).toEqual([false]);
    await world.deliver(handler, messageOf(PaymentRefunded('42', data)));

    expect(due).toMatchObject([{ type: 'fulfilment.deadline', causationid: placed.id }]);
    expect(await world.emittedTypes()).toEqual(['payment.take', 'payment.refund', 'order.cancel']);
    expect(await world.sagas()).toMatchObject([
      {
        status: 'compensated',
        reason: 'payment never answered',
        history: [{}, { undone: ['payment'] }, { undone: ['order'], status: 'compensated' }],
      },
    ]);
  });

  it('lets a deadline pass that was on its way when it was taken back', async () => {
    const world = await localWorld();
    const handler = world.run(fulfilment);
    await world.deliver(handler, placed);
    world.clock.advance(15 * minute);
    const due = await world.due();

    await world.deliver(handler, paid);
    expect(await world.deliver(handler, ...due)).toEqual([false]);

    expect(await world.sagas()).toMatchObject([{ status: 'running', revision: 2 }]);
    expect(world.counts).toMatchObject({ SagaLate: 1 });
  });

  it('answers events that come at once one after the other, none of them lost', async () => {
    const world = await localWorld();
    const handler = world.run(fulfilment);
    await world.deliver(handler, placed);
    const amendments = Array.from({ length: 6 }, () => messageOf(OrderAmended('42', data)));

    let open = amendments;
    for (let round = 0; round < 20 && open.length > 0; round++) {
      const failed = await world.deliver(handler, ...open);
      open = open.filter((_, index) => failed[index]);
    }

    expect(open).toEqual([]);
    const [saga] = await world.sagas();
    expect(saga).toMatchObject({ revision: 7, state: '{"orderId":"42","paid":false,"steps":7}' });
  });

  it('finds the sagas that are overdue, counts and names them', async () => {
    const world = await localWorld();
    const handler = world.run(fulfilment);
    const others = ['1', '2', '3'].map((orderId) => messageOf(OrderPlaced(orderId, { orderId })));
    await world.deliver(handler, placed, ...others.slice(0, 2));
    await world.deliver(handler, paid);
    await world.deliver(handler, reserved);
    world.clock.advance(24 * 60 * minute);
    await world.deliver(handler, ...others.slice(2));

    await handler({ sagaCheck: true });

    expect(world.counts).toMatchObject({ SagasOverdue: 2 });
    const { name: inbox, tableName: table } = world.settings;
    expect(world.dimensions).toEqual({ inbox, table, saga: 'fulfilment' });
    const named = world.lines.filter(({ message }) => message.startsWith('saga is overdue'));
    expect(named.map(({ key }) => key).toSorted()).toEqual(['1', '2']);
  });
});

describe('an event that comes for nothing', () => {
  it('goes back to the queue where its saga may yet be started', async () => {
    const world = memoryWorld();
    const handler = world.run(fulfilment);

    expect(await world.deliver(handler, paid)).toEqual([true]);
    expect(world.lines).toContainEqual(expect.objectContaining({ code: 'SAGA_NOT_FOUND' }));
    await world.deliver(handler, placed);
    expect(await world.deliver(handler, paid)).toEqual([false]);

    expect(await world.sagas()).toMatchObject([{ revision: 2 }]);
  });

  it('is acknowledged and counted where it may be of no saga', async () => {
    const world = memoryWorld();

    const notice = messageOf(Noticed('7', { orderId: '7' }));
    expect(await world.deliver(world.run(fulfilment), notice)).toEqual([false]);

    expect(world.counts).toMatchObject({ SagaUnknown: 1 });
    expect(await world.sagas()).toEqual([]);
  });

  it('is acknowledged and counted where its saga has finished, and may still be answered', async () => {
    const world = memoryWorld();
    const handler = world.run(fulfilment);
    for (const message of [placed, paid, reserved]) await world.deliver(handler, message);

    const late = [messageOf(StockMissing('42', data)), messageOf(PaymentTaken('42', data))];
    expect(await world.deliver(handler, ...late)).toEqual([false, false]);

    expect(world.counts).toMatchObject({ SagaLate: 2 });
    expect((await world.emittedTypes()).filter((type) => type === 'payment.refund')).toHaveLength(
      1,
    );
    expect(await world.sagas()).toMatchObject([{ status: 'completed', revision: 3 }]);
  });

  it('is acknowledged where key says that it is none of the saga’s affair', async () => {
    const world = memoryWorld();
    const picky = defineSaga('picky', { state: z.object({}), key: 'orderId' }).on(
      PaymentTaken,
      () => undefined,
      { key: () => undefined },
    );

    expect(await world.deliver(world.run(picky), paid)).toEqual([false]);
    expect(await world.sagas()).toEqual([]);
  });

  it('starts a saga anew once a finished one is forgotten, though its row is still there', async () => {
    const world = memoryWorld();
    const handler = world.run(fulfilment);
    for (const message of [placed, paid, reserved]) await world.deliver(handler, message);
    const again = (): Promise<boolean[]> =>
      world.deliver(handler, messageOf(OrderPlaced('42', data)));

    await again();
    expect(await world.sagas()).toMatchObject([{ status: 'completed' }]);
    world.clock.advance(world.settings.dedupeWindowMs + minute);
    await again();

    expect(await world.sagas()).toMatchObject([{ status: 'running', revision: 1 }]);
  });
});

describe('what can never succeed goes to the dead-letter queue at once', () => {
  const State1 = z.object({ orderId: z.string() });
  const older = defineSaga('shipping', { state: State1, key: 'orderId' }).startedBy(
    OrderPlaced,
    (saga) => {
      saga.setState({ orderId: '42' });
    },
  );
  const steps = (saga: {
    setState: (state: { orderId: string; weight: number }) => void;
  }): void => {
    saga.setState({ orderId: '42', weight: 1 });
  };
  const newer = {
    ...{ version: 2, state: State1.extend({ weight: z.number() }) },
    key: 'orderId',
  } as const;

  it.each([
    ['has no way to the version of its definition', defineSaga('shipping', newer)],
    [
      'does not fit the schema after its upcast',
      defineSaga('shipping', { ...newer, upcast: { 1: (old: object) => old } }),
    ],
  ])('an event whose saga %s', async (_, saga) => {
    const world = memoryWorld();
    await world.deliver(world.run(older), placed);

    expect(await world.deliver(world.run(saga.on(PaymentTaken, steps)), paid)).toEqual([false]);

    expect(world.sqs.sent).toHaveLength(1);
    expect(world.lines).toContainEqual(expect.objectContaining({ code: 'HANDLER_REJECTED' }));
    expect(await world.sagas()).toMatchObject([{ revision: 1 }]);
  });

  it('an answer that leaves a state which does not fit the schema, and nothing is written', async () => {
    const world = memoryWorld();
    const saga = older.on(PaymentTaken, (step) => {
      step.setState({ orderId: 42 } as never);
    });
    const handler = world.run(saga);
    await world.deliver(handler, placed);

    await world.deliver(handler, paid);

    expect(JSON.stringify(world.sqs.sent)).toContain('state of saga shipping 42 does not fit');
    expect(await world.sagas()).toMatchObject([{ revision: 1 }]);
  });

  it('an event whose key is none', async () => {
    const world = memoryWorld();
    const saga = defineSaga('odd', { state: z.object({}), key: 'orderId' }).on(
      PaymentTaken,
      () => undefined,
      {
        key: () => '',
      },
    );

    await world.deliver(world.run(saga), paid);

    expect(JSON.stringify(world.sqs.sent)).toContain('the key of payment.taken');
  });

  test('but an older definition keeps events of a newer saga back', async () => {
    const world = memoryWorld();
    const both = { ...newer, upcast: { 1: (old: object) => ({ ...old, weight: 0 }) } };
    const upgraded = defineSaga('shipping', both)
      .startedBy(OrderPlaced, steps)
      .on(PaymentTaken, (saga) => {
        saga.setState({ ...saga.state, weight: saga.state.weight + 1 });
      });
    await world.deliver(world.run(older), placed);

    expect(await world.deliver(world.run(upgraded), paid)).toEqual([false]);
    const handler = world.run(older.on(OrderAmended, () => undefined));
    expect(await world.deliver(handler, messageOf(OrderAmended('42', data)))).toEqual([true]);

    expect(await world.sagas()).toMatchObject([
      { version: 2, state: '{"orderId":"42","weight":1}' },
    ]);
    expect(world.lines).toContainEqual(expect.objectContaining({ code: 'SAGA_VERSION_UNKNOWN' }));
  });
});

it('refuses more writes than a transaction takes, and says how many', async () => {
  const world = memoryWorld();
  const saga = defineSaga('large', { state: z.object({}), key: 'orderId' }).startedBy(
    OrderPlaced,
    (step) => {
      step.setState({});
      for (let n = 0; n < 99; n++) {
        step.write({ Put: { TableName: 'effects', Item: { pk: String(n), sk: 'x' } } });
      }
    },
  );

  expect(await world.deliver(world.run(saga), placed)).toEqual([false]);

  expect(world.lines).toContainEqual(expect.objectContaining({ code: 'TOO_MANY_ACTIONS' }));
  expect(await world.sagas()).toEqual([]);
});

it('writes what its answers want written, with their conditions', async () => {
  const world = memoryWorld();
  const saga = defineSaga('writer', { state: z.object({}), key: 'orderId' }).startedBy(
    OrderPlaced,
    (step) => {
      step.setState({});
      step.write({
        Put: {
          TableName: 'effects',
          Item: { pk: 'order', sk: '42' },
          ConditionExpression: 'attribute_not_exists(pk)',
        },
      });
    },
  );
  const handler = world.run(saga);
  await world.deliver(handler, placed);

  expect(await world.rowsOf('effects')).toEqual([{ pk: 'order', sk: '42' }]);
  const second = defineSaga('second', { state: z.object({}), key: 'orderId' }).startedBy(
    OrderAmended,
    (step) => {
      step.setState({});
      step.write({
        Put: {
          TableName: 'effects',
          Item: { pk: 'order', sk: '42' },
          ConditionExpression: 'attribute_not_exists(pk)',
        },
      });
    },
  );
  const answer = await world.deliver(world.run(second), messageOf(OrderAmended('42', data)));
  expect(answer).toEqual([true]);
  expect(await world.sagas()).toHaveLength(1);
});

it('keeps the first and the last of what happened', async () => {
  const world = memoryWorld();
  const handler = world.run(fulfilment);
  await world.deliver(handler, placed);
  const amendments = Array.from({ length: 25 }, () => messageOf(OrderAmended('42', data)));
  for (const message of amendments) await world.deliver(handler, message);

  const [saga] = await world.sagas();

  expect(saga?.revision).toBe(26);
  expect(saga?.history.map(({ eventId }) => eventId)).toEqual([
    placed.id,
    ...amendments.slice(-19).map(({ id }) => id),
  ]);
});
