import { afterEach, describe, expect, test, vi } from 'vitest';
import { z } from 'zod';

import {
  deadLetterAttributes,
  defineEvent,
  reject,
  OutboxError,
  type InboxOptions,
} from '../../lib/runtime.ts';
import { openInbox } from '../../lib/inbox/inbox.ts';
import { messageOf, sqsEventOf, type Message } from '../../lib/testing.ts';
import { startLocalEndpoint } from '../support/local-endpoint.ts';
import { givenBack, memoryRig, OrderPlaced, placed, reasonsIn } from './support.ts';

const good = messageOf(placed('42'));
const secret = 'the secret';

/** A definition with mistakes. */
const OrderPacked = defineEvent('order.packed', {
  version: 3,
  aggregateType: 'order',
  schema: z.object({ orderId: z.string() }).transform(() => {
    throw new RangeError(secret);
  }),
  upcast: { 2: () => Promise.reject(new Error(secret)) },
});

function withData(data: unknown): Message {
  return { ...good, data };
}

describe('a message that can never succeed goes to the dead-letter queue at once', () => {
  test.each([
    ['not JSON', `{ ${secret}`, ['MESSAGE_INVALID', 'not JSON']],
    ['text', JSON.stringify(secret), ['MESSAGE_INVALID', 'not a JSON object']],
    [
      'an S3 notification',
      JSON.stringify({ Records: [{ s3: { object: { key: secret } } }] }),
      ['MESSAGE_INVALID', 'not a CloudEvents 1.0 event'],
    ],
    [
      'an EventBridge event of somebody else',
      JSON.stringify({ 'detail-type': 'EC2 Instance', detail: { state: secret } }),
      ['MESSAGE_INVALID', 'not a CloudEvents 1.0 event'],
    ],
    [
      'an SNS notification of somebody else',
      JSON.stringify({ Type: 'Notification', Message: secret }),
      ['MESSAGE_INVALID', 'not a JSON object'],
    ],
    [
      'a CloudEvent without what ours have',
      JSON.stringify({ specversion: '1.0', id: '1', source: 's', type: 't', data: secret }),
      ['MESSAGE_INVALID', 'missing or malformed: id, subject, time, dataversion'],
    ],
    ...['id', 'replayid', 'subject', 'type'].map((name): [string, Message, [string, string]] => [
      `a CloudEvent whose ${name} fits no key`,
      { ...good, [name]: secret.repeat(300) },
      ['MESSAGE_INVALID', `missing or malformed: ${name}`],
    ]),
    [
      'a type without a handler',
      { ...good, type: 'order.lost' },
      [
        'EVENT_TYPE_UNKNOWN',
        'no handler for order.lost: add .on(…) for it, or leave the type out of what the inbox subscribes to',
      ],
    ],
    [
      'data that does not fit the schema',
      withData({ orderId: '42', total: secret }),
      [
        'EVENT_INVALID',
        'data of order.placed version 3 does not fit the schema: total: invalid_type',
      ],
    ],
    [
      'old data that does not fit the schema once upcast',
      { ...withData({ id: '42', amount: secret }), dataversion: 1 },
      [
        'EVENT_INVALID',
        'data of order.placed version 1 does not fit the schema: total: invalid_type',
      ],
    ],
    [
      'old data that cannot be upcast',
      { ...withData(null), dataversion: 1 },
      ['EVENT_INVALID', 'upcast of order.placed from version 1 threw TypeError'],
    ],
    [
      'old data whose upcast is asynchronous',
      { ...withData({ orderId: '42' }), dataversion: 2, type: 'order.packed' },
      [
        'EVENT_INVALID',
        'upcast of order.packed from version 2 answered with a promise: make it a plain function, of the old data alone',
      ],
    ],
    [
      'data that makes the schema throw',
      { ...withData({ orderId: '42' }), dataversion: 3, type: 'order.packed' },
      ['EVENT_INVALID', 'the schema of order.packed threw RangeError'],
    ],
    [
      'a version that has no upcast',
      { ...good, dataversion: 0 },
      [
        'EVENT_VERSION_UNKNOWN',
        'order.placed has version 0, this consumer knows 3 and no upcast from 0: add the steps to the definition, then redrive the message',
      ],
    ],
  ])('%s', async (_, message, [code, detail]) => {
    const rig = memoryRig();
    const handle = vi.fn();
    const event = sqsEventOf([message]);

    const answer = await rig.inbox.on(OrderPlaced, handle).on(OrderPacked, handle)(event);

    expect(answer).toEqual(givenBack());
    expect(handle).not.toHaveBeenCalled();
    expect(rig.sqs.sent[0]).toMatchObject({
      QueueUrl: rig.settings.deadLetterQueueUrl,
      MessageBody: event.Records[0]?.body,
    });
    expect(reasonsIn(rig)).toEqual([
      {
        outboxErrorCode: code,
        outboxErrorMessage: detail,
        outboxInboxName: 'billing',
        outboxMessageId: event.Records[0]?.messageId,
      },
    ]);
    expect(rig.counts).toEqual({ MessagesDeadLettered: 1 });
    expect(JSON.stringify(rig.lines)).not.toContain(secret);
  });

  const reason = 'order 42 belongs to a closed account';
  test.each<[name: string, refuse: () => void]>([
    ['reject()', () => reject(reason)],
    [
      'throw reject()',
      () => {
        throw reject(reason) as Error;
      },
    ],
  ])(
    'one that its handler ends by %s, and nothing that it collected is written',
    async (_, refuse) => {
      const rig = memoryRig();
      const handler = rig.inbox.on(OrderPlaced, (_, tx) => {
        tx.put({ TableName: 'orders', Item: { id: '42' } });
        refuse();
        tx.put({ TableName: 'orders', Item: { id: '43' } });
      });

      const answer = await handler(sqsEventOf([good]));

      expect(answer).toEqual(givenBack());
      expect(reasonsIn(rig)).toMatchObject([
        { outboxErrorCode: 'HANDLER_REJECTED', outboxErrorMessage: reason },
      ]);
      expect(rig.database.rows('orders')).toEqual([]);
      expect(rig.counts).toEqual({ MessagesDeadLettered: 1 });
    },
  );
});

test('data that the schema refuses is told nowhere, however long it is', async () => {
  const rig = memoryRig();
  const total = `${secret}, `.repeat(20_000);

  const answer = await rig.inbox.on(
    OrderPlaced,
    vi.fn(),
  )(sqsEventOf([withData({ orderId: '42', total })]));

  expect(answer).toEqual(givenBack());
  expect(reasonsIn(rig)).toMatchObject([
    {
      outboxErrorCode: 'EVENT_INVALID',
      outboxErrorMessage: expect.not.stringContaining(secret) as string,
    },
  ]);
  expect(JSON.stringify(rig.lines)).not.toContain(secret);
});

test('who reads the dead-letter queue knows the reasons by names that are exported', async () => {
  const rig = memoryRig();

  await rig.inbox(sqsEventOf(['no message']));

  expect(Object.keys(reasonsIn(rig)[0] ?? {}).toSorted()).toEqual(
    Object.values(deadLetterAttributes).toSorted(),
  );
});

test('a rejection is known by its brand, from whichever copy of the package it comes', () => {
  const thrown = (): unknown => {
    try {
      return reject('no');
    } catch (error) {
      return error;
    }
  };

  expect(OutboxError.is(thrown(), 'HANDLER_REJECTED')).toBe(true);
});

test('the log tells by ids which message was sent away, and why', async () => {
  const rig = memoryRig();
  const event = sqsEventOf([{ ...good, type: 'order.lost' }]);

  await rig.inbox(event);

  expect(rig.lines).toEqual([
    expect.objectContaining({
      level: 'error',
      message: 'message sent to the dead-letter queue',
      code: 'EVENT_TYPE_UNKNOWN',
      messageId: event.Records[0]?.messageId,
      eventId: good.id,
      type: 'order.lost',
      aggregate: 'order/42',
      correlationId: good.correlationid,
    }),
  ]);
});

test('from a FIFO queue it goes into its own group', async () => {
  const deadLetterQueueUrl = 'https://sqs.eu-west-1.amazonaws.com/1/dead.fifo';
  const rig = memoryRig({ deadLetterQueueUrl });
  const event = sqsEventOf([{ ...good, type: 'order.lost' }], { fifo: true });

  await rig.inbox(event);

  expect(rig.sqs.sent).toMatchObject([
    { MessageGroupId: 'order/42', MessageDeduplicationId: event.Records[0]?.messageId },
  ]);
});

test('where it cannot be sent, it stays in its queue', async () => {
  const rig = memoryRig();
  rig.sqs.error = Object.assign(new Error('access denied'), { $metadata: {} });
  const event = sqsEventOf(['no message']);

  const answer = await rig.inbox(event);

  expect(answer).toEqual(givenBack(...event.Records));
  expect(rig.counts).toEqual({ MessagesFailed: 1 });
  expect(rig.lines).toMatchObject([
    { code: 'DEAD_LETTER_FAILED', error: { cause: 'access denied' } },
  ]);
});

test('a newer version than the consumer knows is kept back, and no handler sees it', async () => {
  const rig = memoryRig();
  const handle = vi.fn();
  const event = sqsEventOf([{ ...good, dataversion: 4 }]);

  const answer = await rig.inbox.on(OrderPlaced, handle)(event);

  expect(answer).toEqual(givenBack(...event.Records));
  expect(handle).not.toHaveBeenCalled();
  expect(rig.sqs.sent).toEqual([]);
  expect(rig.lines).toMatchObject([{ code: 'EVENT_VERSION_UNKNOWN' }]);
});

test('a skip notice is acknowledged, of whatever type', async () => {
  const rig = memoryRig();
  const notice: Message = {
    ...messageOf(placed('42'), { sequence: 7 }),
    type: 'order.lost',
    data: undefined,
    skipped: true,
  };

  const answer = await rig.inbox(sqsEventOf([notice]));

  expect(answer).toEqual(givenBack());
  expect(rig.sqs.sent).toEqual([]);
  expect(rig.counts).toEqual({});
});

describe('the client of its own', () => {
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  test('calls the endpoint that the environment names, not the host in the queue’s URL', async () => {
    const endpoint = await startLocalEndpoint(() => ({ body: '{"MessageId":"1"}' }));
    vi.stubEnv('AWS_ENDPOINT_URL', endpoint.url);
    vi.stubEnv('AWS_REGION', 'eu-west-1');
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'local');
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'local');
    const { settings, options, database } = memoryRig();
    const { logger, metrics } = options as Required<InboxOptions>;
    const inbox = openInbox(settings, { logger, metrics, transactor: database });

    await inbox(sqsEventOf(['no message']));

    expect(endpoint.requests).toMatchObject([{ target: 'AmazonSQS.SendMessage' }]);
    await endpoint.stop();
  });
});
