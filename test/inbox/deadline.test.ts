import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import { reject } from '../../lib/runtime.ts';
import { messageOf, sqsEventOf, type Message } from '../../lib/testing.ts';
import {
  givenBack,
  lambdaContext,
  memoryRig,
  OrderCancelled,
  OrderPlaced,
  placed,
} from './support.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
});

afterEach(() => {
  vi.useRealTimers();
});

/** A handler that computes so long: meanwhile no timer has its turn. */
const computes = (ms: number) => () => {
  vi.setSystemTime(Date.now() + ms);
};
const hangs = (): Promise<void> => new Promise(() => undefined);
const messages = (...orders: string[]): Message[] => orders.map((id) => messageOf(placed(id)));

test('when time is nearly up nothing is started, and what was not started is given back', async () => {
  const { inbox, lines } = memoryRig({}, { concurrency: 1 });
  const handle = vi.fn(computes(2_000));
  const event = sqsEventOf(messages('1', '2', '3', '4'));

  const answer = await inbox.on(OrderPlaced, handle)(event, lambdaContext(5_000));

  // The second ends with exactly the reserve left: too late to commit.
  expect(handle).toHaveBeenCalledTimes(2);
  expect(answer).toEqual(givenBack(...event.Records.slice(1)));
  expect(lines.at(-1)).toMatchObject({
    message: 'time was nearly up: messages given back to the queue',
    count: 3,
  });
});

test('a function with little time uses most of it', async () => {
  const { inbox, counts } = memoryRig({}, { concurrency: 1 });
  const handler = inbox.on(OrderPlaced, computes(290));

  await handler(sqsEventOf(messages('1', '2')), lambdaContext(800));

  expect(counts).toEqual({ MessagesHandled: 2 });
});

test('a handler that hangs is waited for until a second before the end, and no longer', async () => {
  const { inbox, lines, counts } = memoryRig();
  const handler = inbox.on(OrderPlaced, hangs).on(OrderCancelled, () => undefined);
  const event = sqsEventOf([...messages('1'), messageOf(OrderCancelled('2', { orderId: '2' }))]);
  const answered = vi.fn();

  const answer = handler(event, lambdaContext(10_000)).finally(answered);
  await vi.advanceTimersByTimeAsync(8_999);
  const waitsSoLong = answered.mock.calls.length === 0;
  await vi.advanceTimersByTimeAsync(1);

  expect(waitsSoLong).toBe(true);
  expect(await answer).toEqual(givenBack(...event.Records.slice(0, 1)));
  expect(lines).toContainEqual(expect.objectContaining({ code: 'HANDLER_TIMEOUT' }));
  expect(counts).toEqual({ MessagesHandled: 1, MessagesFailed: 1 });
});

test('nothing is started behind a handler that was given up, though the clock of the function lags', async () => {
  const { inbox } = memoryRig({}, { concurrency: 1 });
  const handle = vi.fn(hangs);
  const event = sqsEventOf(messages('1', '2'));

  const answer = inbox.on(OrderPlaced, handle)(event, { getRemainingTimeInMillis: () => 10_000 });
  await vi.advanceTimersByTimeAsync(9_000);

  expect(await answer).toEqual(givenBack(...event.Records));
  expect(handle).toHaveBeenCalledTimes(1);
});

test('a handler that was given up writes nothing when it ends after all', async () => {
  const { inbox, database } = memoryRig();
  const blocked = Promise.withResolvers<undefined>();
  const handler = inbox.on(OrderPlaced, async (_, tx) => {
    tx.put({ TableName: 'orders', Item: { id: '1' } });
    await blocked.promise;
  });

  const answer = handler(sqsEventOf(messages('1')), lambdaContext(10_000));
  await vi.advanceTimersByTimeAsync(9_000);
  await answer;
  blocked.resolve(undefined);
  await new Promise(setImmediate);

  expect(database.rows('orders')).toEqual([]);
  expect(database.rows('inbox')).toEqual([]);
});

describe('handlerTimeoutMs', () => {
  const hangsOn = (...orders: string[]) =>
    vi.fn(({ data }: { data: { orderId: string } }) =>
      orders.includes(data.orderId) ? hangs() : undefined,
    );

  test('has the next message begun beside those that hang, while they alone are given back', async () => {
    const { inbox, counts } = memoryRig({}, { concurrency: 2, handlerTimeoutMs: 3_000 });
    const handle = hangsOn('1', '2');
    const event = sqsEventOf(messages('1', '2', '3', '4', '5', '6'));

    const answer = inbox.on(OrderPlaced, handle)(event, lambdaContext(10_000));
    await vi.advanceTimersByTimeAsync(2_999);
    const begunBefore = handle.mock.calls.length;
    await vi.advanceTimersByTimeAsync(1);

    expect(begunBefore).toBe(2);
    expect(await answer).toEqual(givenBack(...event.Records.slice(0, 2)));
    expect(counts).toEqual({ MessagesHandled: 4, MessagesFailed: 2 });
    expect(vi.getTimerCount()).toBe(0);
  });

  test('holds where the function does not tell its time', async () => {
    const { inbox } = memoryRig({}, { handlerTimeoutMs: 3_000 });
    const event = sqsEventOf(messages('1'));

    const answer = inbox.on(OrderPlaced, hangs)(event);
    await vi.advanceTimersByTimeAsync(3_000);

    expect(await answer).toEqual(givenBack(...event.Records));
  });

  test('lets nothing be written that comes after it', async () => {
    const { inbox, database } = memoryRig({}, { handlerTimeoutMs: 3_000 });
    const blocked = Promise.withResolvers<undefined>();
    const handler = inbox.on(OrderPlaced, async (_, tx) => {
      tx.put({ TableName: 'orders', Item: { id: '1' } });
      await blocked.promise;
    });

    const answer = handler(sqsEventOf(messages('1')));
    await vi.advanceTimersByTimeAsync(3_000);
    await answer;
    blocked.resolve(undefined);
    await new Promise(setImmediate);

    expect(database.rows('orders')).toEqual([]);
    expect(database.rows('inbox')).toEqual([]);
  });

  test('has no message dead-lettered as well that is refused after it', async () => {
    const { inbox, sqs, lines } = memoryRig({}, { handlerTimeoutMs: 3_000 });
    const blocked = Promise.withResolvers<undefined>();
    const handler = inbox.on(OrderPlaced, async () => {
      await blocked.promise;
      reject('order 1 is closed');
    });
    const event = sqsEventOf(messages('1'));

    const answer = handler(event);
    await vi.advanceTimersByTimeAsync(3_000);
    blocked.resolve(undefined);
    await new Promise(setImmediate);

    expect(await answer).toEqual(givenBack(...event.Records));
    expect(sqs.sent).toEqual([]);
    expect(lines.at(-1)).toMatchObject({
      message: 'message ended after its handler timeout',
      outcome: 'failed',
    });
  });

  test('is begun anew for each message', async () => {
    const { inbox, counts } = memoryRig({}, { concurrency: 1, handlerTimeoutMs: 3_000 });
    const takesTwoSeconds = (): Promise<void> => new Promise((done) => setTimeout(done, 2_000));

    const answer = inbox.on(OrderPlaced, takesTwoSeconds)(sqsEventOf(messages('1', '2')));
    await vi.advanceTimersByTimeAsync(4_000);
    await answer;

    expect(counts).toEqual({ MessagesHandled: 2 });
  });

  test.each([0, 1.5, 900_001, NaN])('fails when it is %s', (handlerTimeoutMs) => {
    expect(() => memoryRig({}, { handlerTimeoutMs })).toThrow(
      `handlerTimeoutMs must be a whole number from 1 to 900000, got ${handlerTimeoutMs}`,
    );
  });
});

test('no timer is left behind', async () => {
  const { inbox } = memoryRig();

  await inbox(sqsEventOf([]), lambdaContext(10_000));

  expect(vi.getTimerCount()).toBe(0);
});
