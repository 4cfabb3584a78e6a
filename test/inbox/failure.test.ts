import { describe, expect, test, vi } from 'vitest';

import { OutboxError, type MessageHandler, type MessageOf } from '../../lib/runtime.ts';
import { messageOf, sqsEventOf, type Message } from '../../lib/testing.ts';
import { givenBack, memoryRig, OrderPlaced, placed, reasonsIn } from './support.ts';

const good = messageOf(placed('42'));
const newer: Message = { ...good, dataversion: 4 };

type Handle = MessageHandler<MessageOf<typeof OrderPlaced>>;

/** What becomes of a message that a queue of five deliveries brings for the so-manieth time. */
async function received(receiveCount: number, message: Message, handle: Handle = vi.fn()) {
  const rig = memoryRig({ maxReceiveCount: 5 });
  const event = sqsEventOf([message], { receiveCount });
  const answer = await rig.inbox.on(OrderPlaced, handle)(event);
  return { rig, event, answer };
}

const missesItsSaga = (): never => {
  throw new OutboxError('SAGA_NOT_FOUND', 'no saga of order 42');
};

const failing = [
  {
    what: 'of a newer version',
    ...{ message: newer, handle: vi.fn(), code: 'EVENT_VERSION_UNKNOWN' },
    detail: /has version 4, .* deploy it/,
  },
  {
    what: 'whose handler fails by name',
    ...{ message: good, handle: missesItsSaga, code: 'SAGA_NOT_FOUND' },
    detail: /^no saga of order 42\./,
  },
];

describe.each(failing)('a message $what', ({ message, handle, code, detail }) => {
  test('is given back up to its last receive', async () => {
    const { rig, event, answer } = await received(4, message, handle);

    expect(answer).toEqual(givenBack(...event.Records));
    expect(rig.sqs.sent).toEqual([]);
  });

  test.each([5, 6])(
    'goes to the dead-letter queue with its reason, received %d times of 5',
    async (times) => {
      const { rig, answer } = await received(times, message, handle);

      expect(answer).toEqual(givenBack());
      const [reasons] = reasonsIn(rig);
      expect(reasons).toMatchObject({ outboxErrorCode: code });
      expect(reasons?.['outboxErrorMessage']).toMatch(detail);
      expect(reasons?.['outboxErrorMessage']).toMatch(
        new RegExp(`received ${times} times: redrive it when the cause is fixed`),
      );
      expect(rig.counts).toEqual({ MessagesDeadLettered: 1 });
    },
  );

  test('is left to the queue where it is not known how often that delivers', async () => {
    const rig = memoryRig();
    const event = sqsEventOf([message], { receiveCount: 500 });

    const answer = await rig.inbox.on(OrderPlaced, handle)(event);

    expect(answer).toEqual(givenBack(...event.Records));
    expect(rig.sqs.sent).toEqual([]);
  });
});

test('what another worker has taken over is left to the queue on its last receive', async () => {
  const loseLease = vi.fn().mockRejectedValue(new OutboxError('LEASE_LOST', 'taken over'));

  const { rig, event, answer } = await received(5, good, loseLease);

  expect(answer).toEqual(givenBack(...event.Records));
  expect(rig.sqs.sent).toEqual([]);
});

test('what fails without a name of ours is left to the queue on its last receive', async () => {
  const fail = vi.fn().mockRejectedValue(new Error('database down'));

  const { rig, event, answer } = await received(5, good, fail);

  expect(answer).toEqual(givenBack(...event.Records));
  expect(rig.sqs.sent).toEqual([]);
});

describe('what can never be committed goes to the dead-letter queue at its first receive', () => {
  const put = (orders: number, bytes: number): Handle => {
    return (_, tx) => {
      for (let id = 0; id < orders; id++) {
        tx.put({ TableName: 'orders', Item: { id: String(id), text: 'x'.repeat(bytes) } });
      }
    };
  };
  const asksTheImpossible = (): never => {
    throw new OutboxError('SAGA_INVALID', 'saga fulfilment: two deadlines of one name');
  };

  test.each<[string, Handle]>([
    ['TOO_MANY_ACTIONS', put(100, 1)],
    ['ITEM_TOO_LARGE', put(1, 420_000)],
    ['TRANSACTION_TOO_LARGE', put(12, 390_000)],
    ['SAGA_INVALID', asksTheImpossible],
  ])('%s', async (code, handle) => {
    const { rig, answer } = await received(1, good, handle);

    expect(answer).toEqual(givenBack());
    expect(reasonsIn(rig)).toMatchObject([{ outboxErrorCode: code }]);
    expect(rig.database.rows('orders')).toEqual([]);
  });
});
