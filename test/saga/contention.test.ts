import { describe, expect, it } from 'vitest';

import type { Transactor } from '../../lib/dynamodb/actions.ts';
import { messageOf, sqsEventOf, type Message } from '../../lib/testing.ts';
import { seeded } from '../support/seeded.ts';
import { fulfilment, OrderAmended, OrderPlaced, PaymentTaken, StockMissing } from './fulfilment.ts';
import { createPacedClock, paced } from './rush.ts';
import { memoryWorld } from './support.ts';

const data = { orderId: '42' };
const maxReceives = 5;
const visibilityTimeoutMs = 60_000;

/** A saga that has been started, on a database whose calls take time, and what it was asked. */
async function startedSaga() {
  const world = memoryWorld();
  const clock = createPacedClock(world.clock.now());
  const calls = { get: 0, transact: 0 };
  const transactor = paced(world.options.transactor!, clock, calls);
  const handler = world.run(fulfilment, { transactor, clock, random: seeded(7) });
  await clock.run(world.deliver(handler, messageOf(OrderPlaced('42', data))));
  calls.get = calls.transact = 0;
  return { world, clock, calls, handler };
}

function amendments(count: number): Message[] {
  return Array.from({ length: count }, () => messageOf(OrderAmended('42', data)));
}

describe('events of one saga that come at once', () => {
  it.each([
    ['one by one', 1],
    ['in batches', 10],
  ])(
    'all have their answer within the receives that they have: a hundred of them %s',
    async (_, size) => {
      const { world, clock, handler } = await startedSaga();
      const messages = amendments(100);
      const receive = async (batch: readonly Message[], receives = 1): Promise<number> => {
        const failed = await world.deliver(handler, ...batch);
        const left = batch.filter((__, index) => failed[index]);
        if (left.length === 0 || receives === maxReceives) return left.length;
        await clock.sleep(visibilityTimeoutMs);
        return receive(left, receives + 1);
      };
      const batches = Array.from({ length: 100 / size }, (__, index) =>
        messages.slice(index * size, (index + 1) * size),
      );

      const left = await clock.run(Promise.all(batches.map((batch) => receive(batch))));

      expect(left.filter((count) => count > 0)).toEqual([]);
      expect(await world.sagas()).toMatchObject([{ revision: 101 }]);
      expect(world.lines.filter(({ level }) => level === 'error')).toEqual([]);
    },
  );

  it('do not compete where they are of one batch: each takes one look and one transaction', async () => {
    const { world, clock, calls, handler } = await startedSaga();

    await clock.run(world.deliver(handler, ...amendments(10)));

    expect(calls).toEqual({ get: 10, transact: 10 });
    expect(await world.sagas()).toMatchObject([{ revision: 11 }]);
  });

  it('do not hold each other up: one may start what the one before it waits for', async () => {
    const world = memoryWorld();
    const messages = [messageOf(PaymentTaken('42', data)), messageOf(OrderPlaced('42', data))];

    expect(await world.deliver(world.run(fulfilment), ...messages)).toEqual([true, false]);

    expect(await world.sagas()).toMatchObject([{ status: 'running' }]);
  });

  it('do not wait for each other where they are of several sagas', async () => {
    const { world, clock, handler } = await startedSaga();
    const starts = Array.from({ length: 10 }, (_, index) => String(index)).map((orderId) =>
      messageOf(OrderPlaced(orderId, { orderId })),
    );
    const began = clock.now();

    await clock.run(world.deliver(handler, ...starts));

    expect(clock.now() - began).toBe(14);
  });

  it('are no concern of data that cannot be read: it is told of as ever', async () => {
    const world = memoryWorld();
    const broken = { ...messageOf(PaymentTaken('42', data)), data: null };

    await world.deliver(world.run(fulfilment), broken);

    expect(JSON.stringify(world.sqs.sent)).toContain('EVENT_INVALID');
  });
});

describe('an event that others are always faster than', () => {
  /** A database in which somebody else always writes first, or is just at it. */
  const rivalled = (transactor: Transactor, code: string): Transactor => ({
    ...transactor,
    transact: (actions) =>
      Promise.resolve({
        status: 'cancelled',
        reasons: actions.map((_, index) => ({ code: index === 0 ? code : 'None' })),
      } as never),
  });

  it.each(['ConditionalCheckFailed', 'TransactionConflict'])(
    'goes back to the queue in the end, and is no error: %s',
    async (code) => {
      const { world, clock } = await startedSaga();
      const calls = { get: 0, transact: 0 };
      const transactor = paced(rivalled(world.options.transactor!, code), clock, calls);
      const handler = world.run(fulfilment, { transactor, clock, random: seeded(7) });
      const began = clock.now();

      const answer = world.deliver(handler, messageOf(StockMissing('42', data)));

      expect(await clock.run(answer)).toEqual([true]);
      expect(world.counts).toMatchObject({ MessagesInProgress: 1 });
      expect(calls.transact).toBe(24);
      expect(Math.round((clock.now() - began) / 5000)).toBe(2);
      expect(world.lines.filter(({ level }) => level === 'error')).toEqual([]);
    },
  );

  it('goes back before the function’s time is up', async () => {
    const { world, clock } = await startedSaga();
    const transactor = rivalled(world.options.transactor!, 'ConditionalCheckFailed');
    const handler = world.run(fulfilment, { transactor, clock });
    const end = clock.now() + 4000;
    const context = { getRemainingTimeInMillis: () => end - clock.now() };

    const work = handler(sqsEventOf([messageOf(StockMissing('42', data))]), context);

    expect((await clock.run(work)).batchItemFailures).toHaveLength(1);
    expect(world.counts).toMatchObject({ MessagesInProgress: 1 });
    expect(end - clock.now()).toBeGreaterThanOrEqual(1500);
  });

  it('is answered all the same where its table was throttled for a while', async () => {
    const { world, clock } = await startedSaga();
    const database = world.options.transactor!;
    const throttled = rivalled(database, 'ThrottlingError');
    let calls = 0;
    const transactor: Transactor = {
      ...database,
      transact: (...call) => (++calls < 4 ? throttled : database).transact(...call),
    };
    const handler = world.run(fulfilment, { transactor, clock });

    const answer = world.deliver(handler, messageOf(OrderAmended('42', data)));

    expect(await clock.run(answer)).toEqual([false]);
    expect(calls).toBe(4);
    expect(await world.sagas()).toMatchObject([{ revision: 2 }]);
  });

  it('is an error where its table is throttled', async () => {
    const { world, clock } = await startedSaga();
    const transactor = rivalled(world.options.transactor!, 'ThrottlingError');
    const handler = world.run(fulfilment, { transactor, clock });

    await clock.run(world.deliver(handler, messageOf(StockMissing('42', data))));

    const error = { level: 'error', code: 'TRANSACTION_CONFLICT' };
    expect(world.lines).toContainEqual(expect.objectContaining(error));
  });
});
