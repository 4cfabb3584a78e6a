import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { expect, test, vi } from 'vitest';

import { type InboxTransaction, type Transactor } from '../../lib/runtime.ts';
import { openInbox } from '../../lib/inbox/inbox.ts';
import { createDynamoDBTransactor } from '../../lib/dynamodb/transactor.ts';
import { messageOf, sqsEventOf } from '../../lib/testing.ts';
import { addOne, givenBack, localRig, OrderPlaced, PaymentRequested, placed } from './support.ts';

test('marker, writes and emitted events are committed together', async () => {
  const rig = await localRig();
  const handler = rig.inbox.on(OrderPlaced, ({ data }, tx) => {
    tx.put({ TableName: rig.effects, Item: { pk: data.orderId, sk: 'invoice' } });
    tx.update(addOne(rig.effects, data.orderId));
    tx.emit(PaymentRequested(data.orderId, { orderId: data.orderId }));
  });
  const message = messageOf(placed('42'));

  const answer = await handler(sqsEventOf([message]));

  expect(answer).toEqual(givenBack());
  expect(await rig.rowsOf(rig.effects)).toHaveLength(2);
  expect(await rig.rowsOf(rig.settings.outbox?.tableName)).toMatchObject([
    { type: 'payment.requested', aggregate: 'payment/42' },
  ]);
  expect(await rig.rowsOf(rig.settings.tableName)).toMatchObject([
    { pk: `h#billing#${message.id}`, handledAt: rig.clock.now() },
  ]);
  expect(rig.counts).toEqual({ MessagesHandled: 1 });
});

test('updates, deletes and checks are the handler’s to collect as well', async () => {
  const rig = await localRig();
  const key = (sk: string): Record<string, string> => ({ pk: 'a', sk });
  const arrange = rig.inbox.on(OrderPlaced, (_, tx) => {
    tx.put({ TableName: rig.effects, Item: { ...key('old') } });
    tx.put({ TableName: rig.effects, Item: { ...key('guard'), open: true } });
  });
  const handler = rig.inbox.on(OrderPlaced, (_, tx) => {
    tx.delete({ TableName: rig.effects, Key: key('old') });
    tx.conditionCheck({
      TableName: rig.effects,
      Key: key('guard'),
      ConditionExpression: 'attribute_exists(pk)',
    });
  });
  await arrange(sqsEventOf([messageOf(placed('1'))]));

  await handler(sqsEventOf([messageOf(placed('2'))]));

  expect(await rig.rowsOf(rig.effects)).toEqual([{ ...key('guard'), open: true }]);
});

test('a message that comes again is acknowledged without effect', async () => {
  const rig = await localRig();
  const handle = vi.fn((_: unknown, tx: InboxTransaction) => {
    tx.update(addOne(rig.effects, 'order'));
    tx.emit(PaymentRequested('1', { orderId: '1' }));
  });
  const handler = rig.inbox.on(OrderPlaced, handle);
  const message = messageOf(placed('42'));
  await handler(sqsEventOf([message]));

  const answer = await handler(sqsEventOf([message]));

  expect(answer).toEqual(givenBack());
  expect(await rig.effectsOf('order')).toBe(1);
  expect(await rig.rowsOf(rig.settings.outbox?.tableName)).toHaveLength(1);
  expect(rig.counts).toEqual({ MessagesHandled: 1, MessagesDuplicate: 1 });
  expect(handle).toHaveBeenCalledTimes(2);
});

test('a message that the queue delivers again is looked up before its handler runs', async () => {
  const rig = await localRig();
  const handle = vi.fn();
  const handler = rig.inbox.on(OrderPlaced, handle);
  const message = messageOf(placed('42'));
  await handler(sqsEventOf([message]));

  const answer = await handler(sqsEventOf([message], { receiveCount: 2 }));

  expect(answer).toEqual(givenBack());
  expect(handle).toHaveBeenCalledTimes(1);
  expect(rig.counts).toEqual({ MessagesHandled: 1, MessagesDuplicate: 1 });
});

test('a message delivered again that was not handled is handled', async () => {
  const rig = await localRig();
  const handler = rig.inbox.on(OrderPlaced, (_, tx) => {
    tx.update(addOne(rig.effects, 'order'));
  });

  await handler(sqsEventOf([messageOf(placed('42'))], { receiveCount: 3 }));

  expect(await rig.effectsOf('order')).toBe(1);
});

test('the effect is not repeated when the process dies between commit and acknowledgement', async () => {
  const rig = await localRig();
  const handle = (_: unknown, tx: InboxTransaction): void => {
    tx.update(addOne(rig.effects, 'order'));
  };
  const dying = rig.open({ transactor: dyingAfterCommit(rig.documents) }).on(OrderPlaced, handle);
  const event = sqsEventOf([messageOf(placed('42'))]);

  const first = await dying(event);
  const second = await rig.inbox.on(OrderPlaced, handle)(event);

  expect(first).toEqual(givenBack(...event.Records));
  expect(second).toEqual(givenBack());
  expect(await rig.effectsOf('order')).toBe(1);
});

test('nothing is written where the handler throws', async () => {
  const rig = await localRig();
  const handler = rig.inbox.on(OrderPlaced, (_, tx) => {
    tx.update(addOne(rig.effects, 'order'));
    throw new Error('no');
  });
  const event = sqsEventOf([messageOf(placed('42'))]);

  const answer = await handler(event);

  expect(answer).toEqual(givenBack(...event.Records));
  expect(await rig.rowsOf(rig.settings.tableName)).toEqual([]);
  expect(await rig.effectsOf('order')).toBe(0);
  expect(rig.counts).toEqual({ MessagesFailed: 1 });
});

test('a failed condition of the handler’s own is its error, and names table and item', async () => {
  const rig = await localRig();
  const handler = rig.inbox.on(OrderPlaced, (_, tx) => {
    tx.update(addOne(rig.effects, 'order'));
    tx.conditionCheck({
      TableName: rig.effects,
      Key: { pk: 'account', sk: 'open' },
      ConditionExpression: 'attribute_exists(pk)',
    });
  });
  const event = sqsEventOf([messageOf(placed('42'))]);

  const answer = await handler(event);

  expect(answer).toEqual(givenBack(...event.Records));
  expect(rig.counts).toEqual({ MessagesFailed: 1 });
  const [line] = rig.lines;
  expect(line).toMatchObject({ code: 'CONDITION_FAILED' });
  expect(JSON.stringify(line)).toContain(`item 1 (table ${rig.effects})`);
});

test('a failed condition is no error where the message was handled before', async () => {
  const rig = await localRig();
  const handler = rig.inbox.on(OrderPlaced, (_, tx) => {
    tx.put({
      TableName: rig.effects,
      Item: { pk: 'order', sk: 'invoice' },
      ConditionExpression: 'attribute_not_exists(pk)',
    });
  });
  const message = messageOf(placed('42'));
  await handler(sqsEventOf([message]));

  const answer = await handler(sqsEventOf([message]));

  expect(answer).toEqual(givenBack());
  expect(rig.counts).toEqual({ MessagesHandled: 1, MessagesDuplicate: 1 });
});

test('a duplicate is told from a failed condition even where the database reports only the latter', async () => {
  const rig = await localRig();
  const handle = (_: unknown, tx: InboxTransaction): void => {
    tx.put({
      TableName: rig.effects,
      Item: { pk: 'order', sk: 'invoice' },
      ConditionExpression: 'attribute_not_exists(pk)',
    });
  };
  const message = messageOf(placed('42'));
  await rig.inbox.on(OrderPlaced, handle)(sqsEventOf([message]));
  const sparing = rig.open({ transactor: reportingFirstOnly(rig.documents) });

  const answer = await sparing.on(OrderPlaced, handle)(sqsEventOf([message]));

  expect(answer).toEqual(givenBack());
  expect(rig.counts).toEqual({ MessagesHandled: 1, MessagesDuplicate: 1 });
});

test('a duplicate that the database reports is believed without another look', async () => {
  const rig = await localRig();
  const real = createDynamoDBTransactor(rig.documents);
  const get = vi.fn();
  const handler = rig.open({ transactor: { ...real, get } }).on(OrderPlaced, () => undefined);
  const message = messageOf(placed('42'));

  await handler(sqsEventOf([message, message]));

  expect(rig.counts).toEqual({ MessagesHandled: 1, MessagesDuplicate: 1 });
  expect(get).not.toHaveBeenCalled();
});

test('a marker that has expired does not count, though it still exists', async () => {
  const rig = await localRig();
  const handler = rig.inbox.on(OrderPlaced, (_, tx) => {
    tx.update(addOne(rig.effects, 'order'));
  });
  const message = messageOf(placed('42'));
  await handler(sqsEventOf([message]));

  rig.clock.advance(rig.settings.dedupeWindowMs + 2_000);
  await handler(sqsEventOf([message]));

  expect(await rig.effectsOf('order')).toBe(2);
  expect(rig.counts).toEqual({ MessagesHandled: 2 });
});

test('a replay is handled apart from the first delivery, and once', async () => {
  const rig = await localRig();
  const handler = rig.inbox.on(OrderPlaced, (_, tx) => {
    tx.update(addOne(rig.effects, 'order'));
  });
  const event = placed('42');
  const replayed = messageOf(event, { replayId: 'replay-1' });

  await handler(sqsEventOf([messageOf(event), replayed, replayed]));

  expect(await rig.effectsOf('order')).toBe(2);
  expect(rig.counts).toEqual({ MessagesHandled: 2, MessagesDuplicate: 1 });
});

test('two inboxes that share a table handle the same message each', async () => {
  const rig = await localRig();
  const other = openInbox(
    { ...rig.settings, name: 'shipping' },
    { documentClient: rig.documents, ...rig.options },
  );
  const handle = (_: unknown, tx: InboxTransaction): void => {
    tx.update(addOne(rig.effects, 'order'));
  };
  const event = sqsEventOf([messageOf(placed('42'))]);

  await rig.inbox.on(OrderPlaced, handle)(event);
  await other.on(OrderPlaced, handle)(event);

  expect(await rig.effectsOf('order')).toBe(2);
});

test('emitted events get the next sequences of their aggregate, also where messages compete for them', async () => {
  const rig = await localRig();
  const handler = rig.inbox.on(OrderPlaced, ({ data }, tx) => {
    tx.emit(PaymentRequested('shared', { orderId: data.orderId }, { sequence: 'next' }));
  });

  await handler(sqsEventOf([messageOf(placed('1')), messageOf(placed('2'))]));

  const rows = await rig.rowsOf(rig.settings.outbox?.tableName);
  const entries = rows.filter(({ type }) => type === 'payment.requested');
  expect(entries.map(({ sequence }) => sequence).toSorted()).toEqual([1, 2]);
  expect(rig.counts).toEqual({ MessagesHandled: 2 });
});

test('an emitted event that was written before is the handler’s error', async () => {
  const rig = await localRig();
  const once = PaymentRequested('1', { orderId: '1' });
  const handler = rig.inbox.on(OrderPlaced, (_, tx) => {
    tx.update(addOne(rig.effects, 'order'));
    tx.emit(once);
  });

  await handler(sqsEventOf([messageOf(placed('1'))]));
  await handler(sqsEventOf([messageOf(placed('2'))]));

  expect(rig.counts).toEqual({ MessagesHandled: 1, MessagesFailed: 1 });
  expect(rig.lines).toContainEqual(expect.objectContaining({ code: 'EVENT_ALREADY_WRITTEN' }));
  expect(await rig.effectsOf('order')).toBe(1);
});

test('deliveries of one message that compete have one effect', async () => {
  const rig = await localRig();
  const handler = rig.inbox.on(OrderPlaced, (_, tx) => {
    tx.update(addOne(rig.effects, 'order'));
  });
  const message = messageOf(placed('42'));

  await Promise.all([1, 2, 3, 4].map(() => handler(sqsEventOf([message]))));

  expect(await rig.effectsOf('order')).toBe(1);
});

test('each delivery has a token of its own, and a transaction tried again keeps it', async () => {
  const rig = await localRig();
  const tokens: string[] = [];
  const real = createDynamoDBTransactor(rig.documents);
  const noting: Transactor = {
    ...real,
    transact: (actions, token) => {
      tokens.push(token);
      const reasons = actions.map(() => ({ code: 'TransactionConflict' }));
      const isFirst = tokens.length === 1;
      return isFirst
        ? Promise.resolve({ status: 'cancelled', reasons })
        : real.transact(actions, token);
    },
  };
  const handler = rig.open({ transactor: noting }).on(OrderPlaced, (_, tx) => {
    tx.update(addOne(rig.effects, 'order'));
  });
  const message = messageOf(placed('42'));

  await handler(sqsEventOf([message]));
  await handler(sqsEventOf([message]));

  const [first, again, second] = tokens;
  expect(tokens).toHaveLength(3);
  expect(again).toBe(first);
  expect(second).not.toBe(first);
});

/** Commits, and dies before anyone hears of it. */
function dyingAfterCommit(documents: DynamoDBDocumentClient): Transactor {
  const real = createDynamoDBTransactor(documents);
  return {
    ...real,
    transact: async (actions, token) => {
      await real.transact(actions, token);
      throw new Error('the connection broke');
    },
  };
}

/** DynamoDB may stop looking once a transaction is doomed: this one tells of the first failure only. */
function reportingFirstOnly(documents: DynamoDBDocumentClient): Transactor {
  const real = createDynamoDBTransactor(documents);
  return {
    ...real,
    transact: async (actions, token) => {
      const result = await real.transact(actions, token);
      if (result.status !== 'cancelled') return result;
      const first = result.reasons.findIndex(({ code }) => code !== 'None');
      const reasons = result.reasons.map((reason, index) =>
        index === first ? reason : { code: 'None' },
      );
      return { ...result, reasons };
    },
  };
}
