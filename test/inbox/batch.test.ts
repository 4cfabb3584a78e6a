import { describe, expect, test, vi } from 'vitest';
import { z } from 'zod';

import { defineEvent, OutboxError, type InboxMessage } from '../../lib/runtime.ts';
import { messageOf, sqsEventOf, type Envelope, type Message } from '../../lib/testing.ts';
import { givenBack, memoryRig, OrderCancelled, OrderPlaced, placed } from './support.ts';

/** A handler that notes the orders it sees, and fails for some. */
function notingHandler(failing: readonly string[] = []): {
  seen: string[];
  handle: (message: InboxMessage) => void;
} {
  const seen: string[] = [];
  const handle = ({ aggregate }: InboxMessage): void => {
    seen.push(aggregate);
    if (failing.includes(aggregate)) throw new Error('no');
  };
  return { seen, handle };
}

const messages = (...orders: string[]): Message[] => orders.map((id) => messageOf(placed(id)));

describe('the message that a handler gets', () => {
  const event = OrderPlaced('42', { orderId: '42', total: 12 });
  const message = messageOf(event, {
    source: 'orders',
    sequence: 7,
    correlationId: 'c-1',
    causationId: 'r-1',
    traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    tenant: 't-1',
    replayId: 'replay-1',
  });

  test.each<Envelope>(['none', 'eventBridge', 'sns'])(
    'is the same in each envelope: %s',
    async (envelope) => {
      const { inbox } = memoryRig();
      const handle = vi.fn();

      await inbox.on(OrderPlaced, handle)(sqsEventOf([message], { envelope }));

      expect(handle).toHaveBeenCalledExactlyOnceWith(
        {
          id: event.id,
          type: 'order.placed',
          version: 3,
          data: { orderId: '42', total: 12 },
          aggregate: 'order/42',
          sequence: 7,
          time: message.time,
          source: 'orders',
          correlationId: 'c-1',
          causationId: 'r-1',
          traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
          tenant: 't-1',
          replayId: 'replay-1',
        },
        expect.anything(),
      );
    },
  );

  test('has no more than the event had', async () => {
    const { inbox } = memoryRig();
    const handle = vi.fn();

    await inbox.on(OrderPlaced, handle)(sqsEventOf([messageOf(event)]));

    expect(Object.keys((handle.mock.calls[0] as [object])[0]).toSorted()).toEqual([
      'aggregate',
      'correlationId',
      'data',
      'id',
      'source',
      'time',
      'type',
      'version',
    ]);
  });

  test('has data as the schema gives it out, not as it came', async () => {
    const { inbox } = memoryRig();
    const OrderDue = defineEvent('order.due', {
      aggregateType: 'order',
      schema: z.object({ on: z.iso.date().transform((text) => new Date(text)) }),
    });
    const handle = vi.fn();

    await inbox.on(OrderDue, handle)(sqsEventOf([messageOf(OrderDue('1', { on: '2026-11-21' }))]));

    expect(handle.mock.calls[0]?.[0]).toMatchObject({ data: { on: new Date('2026-11-21') } });
  });

  test('has data of the version that the consumer knows, through each step', async () => {
    const { inbox } = memoryRig();
    const handle = vi.fn();
    const old = { ...messageOf(event), dataversion: 1, data: { id: '42', amount: 5 } };

    await inbox.on(OrderPlaced, handle)(sqsEventOf([old]));

    expect(handle.mock.calls[0]?.[0]).toMatchObject({
      version: 3,
      data: { orderId: '42', total: 5 },
    });
  });
});

test('each type goes to its own handler, and an inbox is not changed by `on`', async () => {
  const { inbox, sqs } = memoryRig();
  const [placedOnes, cancelledOnes] = [notingHandler(), notingHandler()];
  const one = inbox.on(OrderPlaced, placedOnes.handle);
  const both = one.on(OrderCancelled, cancelledOnes.handle);
  const cancelled = (): Message => messageOf(OrderCancelled('2', { orderId: '2' }));

  await both(sqsEventOf([...messages('1'), cancelled()]));
  await one(sqsEventOf([cancelled()]));

  expect(placedOnes.seen).toEqual(['order/1']);
  expect(cancelledOnes.seen).toEqual(['order/2']);
  expect(sqs.sent).toHaveLength(1);
});

test('fails when a type is given a second handler', () => {
  const inbox = memoryRig().inbox.on(OrderPlaced, () => undefined);

  expect(() => inbox.on(OrderPlaced, () => undefined)).toThrow(
    expect.objectContaining({ code: 'HANDLER_DUPLICATE' }),
  );
});

test('of a standard queue, only what failed is given back', async () => {
  const { inbox, counts } = memoryRig();
  const { seen, handle } = notingHandler(['order/2']);
  const event = sqsEventOf(messages('1', '2', '3'));

  const answer = await inbox.on(OrderPlaced, handle)(event);

  expect(answer).toEqual(givenBack(...event.Records.slice(1, 2)));
  expect(seen.toSorted()).toEqual(['order/1', 'order/2', 'order/3']);
  expect(counts).toEqual({ MessagesHandled: 2, MessagesFailed: 1 });
});

test('of a FIFO queue, a group stops at its first failure, and the others go on', async () => {
  const { inbox, counts } = memoryRig();
  const { seen, handle } = notingHandler(['order/a']);
  const event = sqsEventOf(messages('b', 'a', 'b', 'a', 'b', 'a'), { fifo: true });

  const answer = await inbox.on(OrderPlaced, handle)(event);

  const groupA = event.Records.filter((_, index) => index % 2 === 1);
  expect(answer).toEqual(givenBack(...groupA));
  expect(seen.filter((aggregate) => aggregate === 'order/a')).toHaveLength(1);
  expect(seen.filter((aggregate) => aggregate === 'order/b')).toHaveLength(3);
  expect(counts).toEqual({ MessagesHandled: 3, MessagesFailed: 1 });
});

test('a FIFO group goes on behind a message that was sent to the dead-letter queue', async () => {
  const { inbox, sqs } = memoryRig();
  const { seen, handle } = notingHandler();
  const [first, second] = [messageOf(placed('a')), messageOf(placed('a'))];
  const event = sqsEventOf([{ ...first, data: null }, second], {
    fifo: true,
  });

  const answer = await inbox.on(OrderPlaced, handle)(event);

  expect(answer).toEqual(givenBack());
  expect(sqs.sent).toHaveLength(1);
  expect(seen).toHaveLength(1);
});

test.each([true, false])(
  'of two copies in one batch the second is a duplicate (fifo: %s)',
  async (fifo) => {
    const { inbox, counts } = memoryRig();
    const message = messageOf(placed('1'));
    const event = sqsEventOf([message, message], { fifo });

    const answer = await inbox.on(OrderPlaced, () => undefined)(event);

    expect(answer).toEqual(givenBack());
    expect(counts).toEqual({ MessagesHandled: 1, MessagesDuplicate: 1 });
  },
);

describe('how much happens at once', () => {
  /** A handler that never has more company than it noted. */
  function countingHandler(): { most: () => number; handle: () => Promise<void> } {
    let running = 0;
    let most = 0;
    return {
      most: () => most,
      handle: async () => {
        most = Math.max(most, ++running);
        await new Promise(setImmediate);
        running -= 1;
      },
    };
  }

  const many = messages(...Array.from({ length: 30 }, (_, index) => String(index)));

  test('ten messages by default', async () => {
    const { most, handle } = countingHandler();

    await memoryRig().inbox.on(OrderPlaced, handle)(sqsEventOf(many));

    expect(most()).toBe(10);
  });

  test('as many as the option says', async () => {
    const { most, handle } = countingHandler();
    const { inbox } = memoryRig({}, { concurrency: 3 });

    await inbox.on(OrderPlaced, handle)(sqsEventOf(many));

    expect(most()).toBe(3);
  });

  test('one message of a FIFO group', async () => {
    const { most, handle } = countingHandler();
    const one = messages(...many.map(() => 'a'));

    await memoryRig().inbox.on(OrderPlaced, handle)(sqsEventOf(one, { fifo: true }));

    expect(most()).toBe(1);
  });

  test('one of the copies of a message, on any queue', async () => {
    const { most, handle } = countingHandler();
    const message = messageOf(placed('1'));

    await memoryRig().inbox.on(OrderPlaced, handle)(sqsEventOf([message, message, message]));

    expect(most()).toBe(1);
  });

  test.each([0, 1.5, Number.NaN])('fails when concurrency is %s', (concurrency) => {
    expect(() => memoryRig({}, { concurrency })).toThrow(
      `concurrency must be a whole number from 1, got ${concurrency}`,
    );
  });
});

test.each([{}, { detail: 'x' }])('fails when the event is not of a queue: %j', async (event) => {
  const { inbox } = memoryRig();

  const answer = inbox(event as never);

  await expect(answer).rejects.toSatisfy((error) => OutboxError.is(error, 'MESSAGE_INVALID'));
});

test.each([
  [null, 'nothing'],
  [{}, 'nothing'],
  [{ source: 'aws.events', detail: {} }, 'source, detail'],
  [{ Records: [{ eventSource: 'aws:s3', s3: {} }] }, 'eventSource, s3'],
  [{ Records: [{ EventSource: 'aws:sns', Sns: {} }] }, 'EventSource, Sns'],
  [{ Records: [null] }, 'nothing'],
])('fails when the function is invoked with what no queue sends: %j', async (event, got) => {
  const { inbox } = memoryRig();

  await expect(inbox(event as never)).rejects.toMatchObject({
    code: 'MESSAGE_INVALID',
    message: `expected Records of an SQS queue, got ${got}: let the Inbox construct trigger the function`,
  });
});

test('fails when a handler is registered with an unknown idempotency strategy', () => {
  const { inbox } = memoryRig();

  expect(() => inbox.on(OrderPlaced, vi.fn(), { idempotency: 'leased' } as never)).toThrow(
    expect.objectContaining({
      code: 'OPTION_INVALID',
      message: 'idempotency of order.placed must be transaction or lease, got leased',
    }),
  );
  expect(() => inbox.on(OrderPlaced, vi.fn(), { idempotency: undefined } as never)).not.toThrow();
});
