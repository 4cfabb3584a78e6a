import { describe, expect, it } from 'vitest';

import { openEnvelope } from '../../lib/inbox/delivery.ts';
import { messageOf, sqsEventOf, type Message } from '../../lib/testing.ts';
import { memoryRig, OrderPlaced, placed, reasonsIn } from './support.ts';

const message = messageOf(placed('42'), { source: 'orders' });

const sns = (inner: unknown): object => ({
  Type: 'Notification',
  TopicArn: 'arn:aws:sns:eu-west-1:111122223333:topic',
  Message: typeof inner === 'string' ? inner : JSON.stringify(inner),
});
const bus = (inner: unknown, over: object = {}): object => ({
  version: '0',
  'detail-type': 'order.placed',
  source: 'orders',
  detail: inner,
  ...over,
});
const open = (body: unknown): ReturnType<typeof openEnvelope> => openEnvelope(JSON.stringify(body));
const nested = (count: number): unknown =>
  Array.from({ length: count }).reduce<unknown>((inner) => sns(inner), message);

describe('the message in a body', () => {
  it.each<[chain: string, body: unknown]>([
    ['nothing', message],
    ['a bus', bus(message)],
    ['a topic', sns(message)],
    ['a bus, then a topic', sns(bus(message))],
    ['a topic, then a bus', bus(sns(message))],
    ['a bus, then another bus', bus(bus(message))],
    ['a topic, then another topic', sns(sns(message))],
    ['a bus, a topic and a bus', bus(sns(bus(message)))],
    ['a topic whose text a middleware has parsed', { ...sns(''), Message: bus(message) }],
    ['a bus whose archive replays it', bus(message, { 'replay-name': 'again' })],
    ['five topics', nested(5)],
  ])('is found behind %s', (_, body) => {
    expect(open(body)).toEqual(message);
  });

  it('is not looked for in more than five envelopes', () => {
    expect(open(nested(6))).toEqual({ problem: 'in more than 5 envelopes' });
  });

  it('is the event itself where its own extensions look like an envelope', () => {
    const odd = { ...message, Type: 'Notification', Message: 'text', detail: 1, 'detail-type': 2 };

    expect(open(odd)).toEqual(odd);
  });
});

describe('an event that differs from its EventBridge envelope', () => {
  const forged = { ...message, source: 'orders', type: 'order.placed' };
  const cases: readonly [what: string, body: unknown, told: string][] = [
    ['source', bus(forged, { source: 'shop' }), 'source "orders" instead of "shop"'],
    [
      'type',
      bus(forged, { 'detail-type': 'order.noticed' }),
      'type "order.placed" instead of "order.noticed"',
    ],
    ['absent source', bus(forged, { source: undefined }), 'source "orders" instead of no text'],
    ['outer bus', bus(bus(forged), { source: 'shop' }), 'source "orders" instead of "shop"'],
    ['inner bus', bus(bus(forged, { source: 'shop' })), 'source "orders" instead of "shop"'],
    ['bus behind a topic', sns(bus(forged, { source: 'shop' })), 'source "orders"'],
    ['bus before a topic', bus(sns(forged), { source: 'shop' }), 'source "orders"'],
  ];

  it.each(cases)('is no message: %s', (_, body, told) => {
    expect(open(body)).toEqual({
      code: 'ENVELOPE_MISMATCH',
      problem: expect.stringContaining(told) as string,
    });
  });

  it.each<[mark: string, over: Partial<Message>]>([
    ['a replay', { replayid: 'forged' }],
    ['a skip notice', { skipped: true }],
    ['an ordinary event', {}],
  ])('goes to the dead-letter queue with the reason as %s, and has no effect', async (_, over) => {
    const { inbox, sqs, database, counts, ...around } = memoryRig();
    const body = JSON.stringify(bus({ ...message, ...over }, { source: 'shop' }));

    const answer = await inbox.on(OrderPlaced, (__, tx) => {
      tx.put({ TableName: 'orders', Item: { id: '42' } });
    })(sqsEventOf([body]));

    expect(answer.batchItemFailures).toEqual([]);
    expect(reasonsIn({ sqs, counts, ...around })).toMatchObject([
      {
        outboxErrorCode: 'ENVELOPE_MISMATCH',
        outboxErrorMessage: expect.stringContaining('"shop"') as string,
      },
    ]);
    expect(database.rows('inbox')).toEqual([]);
    expect(database.rows('orders')).toEqual([]);
  });

  it('quotes no more than 100 bytes of a name', () => {
    const long = { ...message, source: 'x'.repeat(256) };

    const { problem = '' } = open(bus(long)) as { problem?: string };

    expect(problem).toContain(`"${'x'.repeat(100)}" instead of "orders"`);
    expect(problem).not.toContain('x'.repeat(101));
  });
});
