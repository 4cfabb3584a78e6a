import { expect, test } from 'vitest';
import { z } from 'zod';

import { rowToEntry, type Entry } from '../../lib/table/entry.ts';
import { toMessageJson } from '../../lib/table/message.ts';
import { defineEvent, withContext } from '../../lib/runtime.ts';
import { openOutbox } from '../../lib/outbox/outbox.ts';
import { createMemoryTransactor } from '../../lib/testing/memory-transactor.ts';
import { messageOf, sqsEventOf, type Envelope } from '../../lib/testing.ts';

const OrderPlaced = defineEvent('order.placed', {
  version: 2,
  aggregateType: 'order',
  schema: z.object({ total: z.number() }),
});

test('a message is what writing and delivering make of its event', async () => {
  const context = { correlationId: 'c', causationId: 'r', traceparent: 't', tenant: 'x' };
  const config = {
    tableName: 'outbox',
    shards: 1,
    retentionMs: 1,
    accepts: [{ maxMessageBytes: 9999 }],
  };
  const transactor = createMemoryTransactor({ outbox: ['pk', 'sk'] });
  const event = OrderPlaced('42', { total: 12 }, { sequence: 7 });
  await withContext(context, () => openOutbox(config, { transactor }).write({ events: [event] }));
  const [row = {}] = transactor.rows('outbox');

  const message = messageOf(event, { source: 'orders', replayId: 'again', ...context });

  const delivered = toMessageJson(rowToEntry(row) as Entry, 'orders', { replayId: 'again' });
  expect(message).toEqual(JSON.parse(delivered));
});

test('a sequence that only an outbox can give is left out, unless it is given', () => {
  const event = OrderPlaced('42', { total: 12 }, { sequence: 'next' });

  expect(messageOf(event)).not.toHaveProperty('sequence');
  expect(messageOf(event, { sequence: 3 })).toMatchObject({ sequence: '0000000000000003' });
});

test('records are of their queue: group, receive count, and an id of their own each', () => {
  const messages = [OrderPlaced('1', { total: 1 }), OrderPlaced('2', { total: 2 })].map((event) =>
    messageOf(event),
  );

  const { Records: records } = sqsEventOf(messages, { fifo: true, receiveCount: 3 });

  expect(records).toMatchObject([
    { attributes: { MessageGroupId: 'order/1', ApproximateReceiveCount: '3' } },
    { attributes: { MessageGroupId: 'order/2', ApproximateReceiveCount: '3' } },
  ]);
  expect(records.every(({ eventSourceARN }) => eventSourceARN.endsWith('.fifo'))).toBe(true);
  expect(new Set(records.map(({ messageId }) => messageId)).size).toBe(2);
});

test.each<[Envelope, (body: Record<string, unknown>) => unknown]>([
  ['none', (body) => body],
  ['eventBridge', (body) => body['detail']],
  ['sns', (body) => JSON.parse(String(body['Message'])) as unknown],
])('a message lies where its envelope has it: %s', (envelope, open) => {
  const message = messageOf(OrderPlaced('1', { total: 1 }));

  const [record] = sqsEventOf([message], { envelope }).Records;

  expect(open(JSON.parse(record?.body ?? '') as Record<string, unknown>)).toEqual(message);
});

test('a string is a body as it is', () => {
  expect(sqsEventOf(['no message']).Records).toMatchObject([{ body: 'no message' }]);
});
