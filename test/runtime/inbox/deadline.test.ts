import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { messageOf, sqsEventOf, type Message } from '../../../lib/testing.ts';
import { givenBack, memoryRig, OrderCancelled, OrderPlaced, placed } from './support.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
});

afterEach(() => {
  vi.useRealTimers();
});

/** The context of a function that may run so long. */
function lambdaContext(ms: number): { getRemainingTimeInMillis: () => number } {
  const end = Date.now() + ms;
  return { getRemainingTimeInMillis: () => end - Date.now() };
}

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

  expect(counts).toEqual({ Handled: 2 });
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
  expect(counts).toEqual({ Handled: 1, Failed: 1 });
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

test('no timer is left behind', async () => {
  const { inbox } = memoryRig();

  await inbox(sqsEventOf([]), lambdaContext(10_000));

  expect(vi.getTimerCount()).toBe(0);
});
