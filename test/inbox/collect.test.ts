import { describe, expect, test } from 'vitest';

import type { InboxTransaction, Row } from '../../lib/runtime.ts';
import { messageOf, sqsEventOf } from '../../lib/testing.ts';
import {
  addOne,
  givenBack,
  localRig,
  memoryRig,
  OrderPlaced,
  PaymentRequested,
  placed,
  type LogLine,
  type Surroundings,
} from './support.ts';

const event = sqsEventOf([messageOf(placed('42'))]);

function errorLine({ lines }: Surroundings): LogLine | undefined {
  return lines.find(({ level }) => level === 'error');
}

test('emitting without an outbox is an error that names the mend', async () => {
  const rig = memoryRig();
  const handler = rig.inbox.on(OrderPlaced, (_, tx) => {
    tx.emit(PaymentRequested('1', { orderId: '1' }));
  });

  const answer = await handler(event);

  expect(answer).toEqual(givenBack(...event.Records));
  expect(errorLine(rig)).toMatchObject({ code: 'OUTBOX_MISSING' });
  expect(JSON.stringify(errorLine(rig))).toContain('call outbox.grantWrite(fn) in the CDK app');
});

test.each<[string, (tx: InboxTransaction, TableName: never) => void]>([
  [
    'put',
    (tx, TableName) => {
      tx.put({ TableName, Item: { id: '1' } });
    },
  ],
  [
    'update',
    (tx, TableName) => {
      tx.update({ TableName, Key: {}, UpdateExpression: '' });
    },
  ],
  [
    'delete',
    (tx, TableName) => {
      tx.delete({ TableName, Key: {} });
    },
  ],
  [
    'check',
    (tx, TableName) => {
      tx.conditionCheck({ TableName, Key: {}, ConditionExpression: '' });
    },
  ],
])('%s without a table name fails where it is called, and nothing is written', async (_, write) => {
  const rig = memoryRig();
  const handler = rig.inbox.on(OrderPlaced, (__, tx) => {
    tx.put({ TableName: 'orders', Item: { id: '42' } });
    write(tx, undefined as never);
  });

  const answer = await handler(event);

  expect(answer).toEqual(givenBack(...event.Records));
  expect(errorLine(rig)).toMatchObject({
    code: 'TABLE_NAME_MISSING',
    error: { message: expect.stringContaining('of action 1 has no TableName') as string },
  });
  expect(rig.database.rows('orders')).toEqual([]);
});

describe('what comes after the handler has ended', () => {
  async function endedTransaction(outcome: 'returns' | 'throws'): Promise<InboxTransaction> {
    const kept = Promise.withResolvers<InboxTransaction>();
    const handler = memoryRig().inbox.on(OrderPlaced, (_, tx) => {
      kept.resolve(tx);
      if (outcome === 'throws') throw new Error('no');
    });
    await handler(event);
    return kept.promise;
  }

  test.each(['returns', 'throws'] as const)(
    'fails instead of being lost in silence (the handler %s)',
    async (outcome) => {
      const tx = await endedTransaction(outcome);

      const closed = expect.objectContaining({ code: 'TRANSACTION_CLOSED' }) as Error;
      expect(() => {
        tx.put({ TableName: 'orders', Item: { id: '1' } });
      }).toThrow(closed);
      expect(() => {
        tx.emit(PaymentRequested('1', { orderId: '1' }));
      }).toThrow(closed);
    },
  );
});

describe('a write on the inbox’s own row', () => {
  test.each<[string, (tx: InboxTransaction, ownKey: Row) => void]>([
    [
      'a put',
      (tx, Item) => {
        tx.put({ TableName: 'inbox', Item });
      },
    ],
    [
      'an update',
      (tx, Key) => {
        tx.update({ TableName: 'inbox', Key, UpdateExpression: 'SET a = :a' });
      },
    ],
    [
      'a delete',
      (tx, Key) => {
        tx.delete({ TableName: 'inbox', Key });
      },
    ],
    [
      'a check',
      (tx, Key) => {
        tx.conditionCheck({ TableName: 'inbox', Key, ConditionExpression: 'a = :a' });
      },
    ],
    [
      'a delete by the table’s ARN',
      (tx, Key) => {
        tx.delete({ TableName: 'arn:aws:dynamodb:eu-west-1:111122223333:table/inbox', Key });
      },
    ],
  ])('is refused: %s', async (_, write) => {
    const rig = memoryRig();
    const handler = rig.inbox.on(OrderPlaced, ({ id }, tx) => {
      write(tx, { pk: `h#billing#${id}`, sk: 'handled' });
    });

    await handler(event);

    expect(errorLine(rig)).toMatchObject({ code: 'DUPLICATE_ITEM' });
    expect(JSON.stringify(errorLine(rig))).toContain("is the inbox's own");
    expect(rig.database.rows('inbox')).toEqual([]);
  });

  test('other rows of the same table are the handler’s', async () => {
    const rig = memoryRig();
    const handler = rig.inbox.on(OrderPlaced, ({ id }, tx) => {
      tx.put({ TableName: 'inbox', Item: { pk: `h#billing#${id}`, sk: 'other' } });
      tx.put({ TableName: 'orders', Item: { id, pk: `h#billing#${id}`, sk: 'handled' } });
    });

    await handler(event);

    expect(rig.database.rows('inbox')).toHaveLength(2);
  });
});

test.each<[string, (tx: InboxTransaction, table: string) => void]>([
  [
    'where a key is known',
    (tx, TableName) => {
      tx.put({ TableName, Item: { pk: 'a', sk: 'b' } });
      tx.delete({ TableName, Key: { pk: 'a', sk: 'b' } });
    },
  ],
  [
    'where only the table knows its key',
    (tx, TableName) => {
      tx.put({ TableName, Item: { pk: 'a', sk: 'b' } });
      tx.put({ TableName, Item: { pk: 'a', sk: 'b', again: true } });
    },
  ],
])('two writes on one item are refused: %s', async (_, write) => {
  const rig = await localRig();
  const handler = rig.inbox.on(OrderPlaced, (_message, tx) => {
    write(tx, rig.effects);
  });

  await handler(event);

  expect(errorLine(rig)).toMatchObject({ code: 'DUPLICATE_ITEM' });
  expect(await rig.rowsOf(rig.effects)).toEqual([]);
});

describe('limits', () => {
  const collect =
    (writes: number, events: number) =>
    (_: unknown, tx: InboxTransaction): void => {
      for (let n = 0; n < writes; n++) {
        tx.put({ TableName: 'orders', Item: { id: String(n) } });
      }
      for (let n = 0; n < events; n++) tx.emit(PaymentRequested(String(n), { orderId: '1' }));
    };

  test('99 writes fit beside the marker', async () => {
    const rig = memoryRig();

    await rig.inbox.on(OrderPlaced, collect(99, 0))(event);

    expect(rig.counts).toEqual({ MessagesHandled: 1 });
    expect(rig.database.rows('orders')).toHaveLength(99);
  });

  test('more are refused with their number and what to do, before anything is sent', async () => {
    const rig = await localRig();

    await rig.inbox.on(OrderPlaced, collect(60, 40))(event);

    expect(errorLine(rig)).toMatchObject({ code: 'TOO_MANY_ACTIONS' });
    expect(JSON.stringify(errorLine(rig))).toContain(
      "collected 60 writes, 40 events and 0 cancellations, the limit is 99 in addition to the inbox's own: emit one event",
    );
  });

  test('more than 4 MB are refused with the size', async () => {
    const rig = memoryRig();
    const handler = rig.inbox.on(OrderPlaced, (_, tx) => {
      for (let n = 0; n < 11; n++) {
        tx.put({ TableName: 'orders', Item: { id: String(n), text: 'x'.repeat(400_000) } });
      }
    });

    await handler(event);

    expect(errorLine(rig)).toMatchObject({ code: 'TRANSACTION_TOO_LARGE' });
  });
});

const wrongWrites: {
  what: string;
  write: (tx: InboxTransaction, table: string) => void;
  code: string;
  told: string;
}[] = [
  {
    what: 'one too large',
    write: (tx, TableName) => {
      tx.put({ TableName, Item: { pk: 'b', sk: 'b', text: 'x'.repeat(420_000) } });
    },
    ...{ code: 'ITEM_TOO_LARGE', told: 'the one of action 1 ' },
  },
  {
    what: 'two on one item',
    write: (tx, TableName) => {
      tx.update(addOne(TableName, 'b'));
      tx.delete({ TableName, Key: { pk: 'b', sk: 'effect' } });
    },
    ...{ code: 'DUPLICATE_ITEM', told: 'actions 1 and 2 ' },
  },
  {
    what: 'one that the database refuses',
    write: (tx, TableName) => {
      tx.put({ TableName, Item: { pk: 5, sk: 'b' } });
    },
    ...{ code: 'TRANSACTION_CANCELLED', told: 'action 1 ' },
  },
  {
    what: 'one whose condition fails',
    write: (tx, TableName) => {
      const Key = { pk: 'none', sk: 'none' };
      tx.conditionCheck({ TableName, Key, ConditionExpression: 'attribute_exists(pk)' });
    },
    ...{ code: 'CONDITION_FAILED', told: 'item 1 ' },
  },
];

test.each(wrongWrites)(
  'of several writes the wrong one is named by its place among them: $what',
  async ({ write, code, told }) => {
    const rig = await localRig();
    const handler = rig.inbox.on(OrderPlaced, (_message, tx) => {
      tx.put({ TableName: rig.effects, Item: { pk: 'a', sk: 'a' } });
      write(tx, rig.effects);
    });

    await handler(event);

    expect(errorLine(rig)).toMatchObject({ code });
    expect(JSON.stringify(errorLine(rig))).toContain(told);
  },
);
