import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import type { InboxMessage, InboxOptions, InboxTransaction } from '../../../lib/runtime.ts';
import { messageOf, sqsEventOf, type Message } from '../../../lib/testing.ts';
import {
  givenBack,
  lambdaContext,
  memoryRig,
  OrderPlaced,
  placed,
  type MemoryRig,
} from '../support.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
});

afterEach(() => {
  vi.useRealTimers();
});

const queueUrl = 'https://sqs.invalid/111122223333/inbox';
const ordered = { queueUrl, adoptWaitMs: 60_000, replayWaitMs: 900_000 };
const at = (sequence: number): Message => messageOf(placed('42'), { sequence });

/** A handler that takes so long for each sequence, and notes it. */
const takes =
  (msOf: (sequence: number) => number) =>
  async ({ sequence = 0 }: InboxMessage, tx: InboxTransaction): Promise<void> => {
    await new Promise((done) => setTimeout(done, msOf(sequence)));
    tx.put({ TableName: 'orders', Item: { id: String(sequence) } });
  };

const handledIn = ({ database }: MemoryRig): unknown[] =>
  database.rows('orders').map(({ id }) => id);

/** An inbox where the sequences from 2 wait for the first. */
async function waiting(
  sequences: readonly number[],
  { msOf, ...options }: InboxOptions & { msOf: (sequence: number) => number },
) {
  const rig = memoryRig({ ordered }, options);
  const handler = rig.inbox.on(OrderPlaced, takes(msOf));
  await handler(sqsEventOf(sequences.map(at)));
  return { rig, handler };
}

test('each of those that waited has the time of a message to itself', async () => {
  const { rig, handler } = await waiting([2, 3, 4, 5, 6], {
    handlerTimeoutMs: 100,
    msOf: () => 40,
  });

  const answer = handler(sqsEventOf([at(1)]));
  await vi.advanceTimersByTimeAsync(240);

  expect(await answer).toEqual(givenBack());
  expect(handledIn(rig)).toEqual(['1', '2', '3', '4', '5', '6']);
  expect(rig.counts).toEqual({ MessagesEarly: 5, MessagesHandled: 6 });
  expect(vi.getTimerCount()).toBe(0);
});

test('one that waited and hangs is put back on the queue, and not the one that it waited for', async () => {
  const { rig, handler } = await waiting([2, 3], {
    handlerTimeoutMs: 100,
    msOf: (sequence) => (sequence === 2 ? 500 : 40),
  });

  const answer = handler(sqsEventOf([at(1)]));
  await vi.advanceTimersByTimeAsync(140);

  expect(await answer).toEqual(givenBack());
  expect(rig.sqs.sent).toMatchObject([{ QueueUrl: queueUrl }]);
  expect(rig.counts).toEqual({ MessagesEarly: 2, MessagesHandled: 1, MessagesFailed: 1 });
  await vi.advanceTimersByTimeAsync(500);
  expect(handledIn(rig)).toEqual(['1']);
  expect(rig.lines.at(-1)).toMatchObject({ message: 'message ended after its handler timeout' });
});

test('one that is handled when the time of the invocation is up is put back, and no further one is begun', async () => {
  const { rig, handler } = await waiting([2, 3, 4], { msOf: () => 400 });

  const answer = handler(sqsEventOf([at(1)]), lambdaContext(2_000));
  await vi.advanceTimersByTimeAsync(1_500);

  expect(await answer).toEqual(givenBack());
  expect(handledIn(rig)).toEqual(['1', '2', '3']);
  expect(rig.sqs.sent).toHaveLength(1);
});

test('where what waits cannot be put back, the one that it waited for is given back, and goes on when it comes again', async () => {
  const { rig, handler } = await waiting([2], { handlerTimeoutMs: 100, msOf: (n) => n * 80 });
  const event = sqsEventOf([at(1)]);
  rig.sqs.error = new Error('no');

  const answer = handler(event);
  await vi.advanceTimersByTimeAsync(180);
  delete rig.sqs.error;
  await handler(sqsEventOf([at(1)], { receiveCount: 2 }));

  expect(await answer).toEqual(givenBack(...event.Records));
  expect(rig.sqs.sent).toHaveLength(1);
});
