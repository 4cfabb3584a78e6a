import { describe, expect, test } from 'vitest';
import { z } from 'zod';

import { defineEvent, OutboxError, reject, type InboxTransaction } from '../../lib/runtime.ts';
import { messageOf, sqsEventOf } from '../../lib/testing.ts';
import { givenBack, memoryRig, OrderPlaced, placed } from './support.ts';

const message = messageOf(placed('42'));

describe('a copy of a message that was handled is a duplicate', () => {
  test('where its handler refuses what it did itself, at the first receive of the copy', async () => {
    const rig = memoryRig();
    const handler = rig.inbox.on(OrderPlaced, (_, tx) => {
      if (rig.database.rows('orders').length > 0) reject('order 42 is billed already');
      tx.put({ TableName: 'orders', Item: { id: '42' } });
    });

    const answers = [await handler(sqsEventOf([message])), await handler(sqsEventOf([message]))];

    expect(answers).toEqual([givenBack(), givenBack()]);
    expect(rig.sqs.sent).toEqual([]);
    expect(rig.counts).toEqual({ MessagesHandled: 1, MessagesDuplicate: 1 });
  });

  test('where the schema has become stricter', async () => {
    const rig = memoryRig();
    const Stricter = defineEvent('order.placed', {
      version: 3,
      aggregateType: 'order',
      schema: z.object({ total: z.number().min(100) }),
    });

    await rig.inbox.on(OrderPlaced, () => undefined)(sqsEventOf([message]));
    await rig.inbox.on(Stricter, () => undefined)(sqsEventOf([message], { receiveCount: 2 }));

    expect(rig.sqs.sent).toEqual([]);
    expect(rig.counts).toEqual({ MessagesHandled: 1, MessagesDuplicate: 1 });
  });

  test('where it fails by name on its last receive', async () => {
    const rig = memoryRig({ maxReceiveCount: 1 });
    const handler = rig.inbox.on(OrderPlaced, (_, tx) => {
      if (rig.database.rows('orders').length > 0) throw new OutboxError('SAGA_NOT_FOUND', 'closed');
      tx.put({ TableName: 'orders', Item: { id: '42' } });
    });

    await handler(sqsEventOf([message]));
    await handler(sqsEventOf([message]));

    expect(rig.sqs.sent).toEqual([]);
    expect(rig.counts).toEqual({ MessagesHandled: 1, MessagesDuplicate: 1 });
  });
});

test('a replay of a message that was handled is no copy of it: what refuses it is told', async () => {
  const rig = memoryRig();
  const replayed = messageOf(placed('42'), { replayId: 'again' });
  const handler = rig.inbox.on(OrderPlaced, ({ replayId }) => {
    if (replayId !== undefined) reject('order 42 is billed already');
  });

  await handler(sqsEventOf([{ ...replayed, replayid: undefined } as never]));
  await handler(sqsEventOf([replayed]));

  expect(rig.counts).toEqual({ MessagesHandled: 1, MessagesDeadLettered: 1 });
});

test('a message that another worker holds was not handled: what refuses it is told', async () => {
  const rig = memoryRig();
  const charging = Promise.withResolvers<undefined>();
  const handler = rig.inbox.on(
    OrderPlaced,
    async (_, tx: InboxTransaction) => {
      tx.put({ TableName: 'orders', Item: { id: '42' } });
      await charging.promise;
    },
    { idempotency: 'lease' },
  );
  const first = handler(sqsEventOf([message]));

  await rig.inbox(sqsEventOf([message]));
  charging.resolve(undefined);
  await first;

  expect(rig.counts).toEqual({ MessagesDeadLettered: 1, MessagesHandled: 1 });
});
