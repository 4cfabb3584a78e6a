import { describe, expect, test, vi } from 'vitest';

import type { Transactor } from '../../../lib/dynamodb/actions.ts';
import type { InboxMessage, InboxTransaction } from '../../../lib/runtime.ts';
import { messageOf, sqsEventOf, type Message } from '../../../lib/testing.ts';
import {
  givenBack,
  memoryRig,
  OrderCancelled,
  OrderPlaced,
  placed,
  type MemoryRig,
} from '../support.ts';

const queueUrl = 'https://sqs.invalid/111122223333/inbox';
const ordered = { queueUrl, adoptWaitMs: 60_000, replayWaitMs: 900_000 };
const orderedRig = (over: object = {}): MemoryRig =>
  memoryRig({ ordered: { ...ordered, ...over } });

const at = (sequence: number, order = '42'): Message => messageOf(placed(order), { sequence });

/** A handler that notes the sequences it commits. */
function noting(failing: readonly number[] = []) {
  const seen: number[] = [];
  const handle = vi.fn(({ sequence = 0 }: InboxMessage, tx: InboxTransaction) => {
    if (failing.includes(sequence)) throw new Error('no');
    seen.push(sequence);
    tx.put({ TableName: 'orders', Item: { id: String(sequence) } });
  });
  return { seen, handle };
}

function keptIn({ database }: MemoryRig): unknown[] {
  return database
    .rows('inbox')
    .filter(({ pk, sk }) => String(sk).startsWith('b#') || String(pk).startsWith('g#'));
}

describe('messages that come together', () => {
  test('are handled in sequence, whatever order they came in', async () => {
    const rig = orderedRig();
    const { seen, handle } = noting();

    const answer = await rig.inbox.on(OrderPlaced, handle)(sqsEventOf([at(3), at(1), at(2)]));

    expect(answer).toEqual(givenBack());
    expect(seen).toEqual([1, 2, 3]);
    expect(rig.counts).toEqual({ MessagesHandled: 3 });
  });

  test('wait in the inbox behind one that fails, which alone is given back; others go on', async () => {
    const rig = orderedRig();
    const { handle } = noting([2]);
    const event = sqsEventOf([at(1), at(2), at(3), at(1, 'other')]);

    const answer = await rig.inbox.on(OrderPlaced, handle)(event);

    expect(answer).toEqual(givenBack(event.Records[1]!));
    expect(rig.counts).toEqual({ MessagesHandled: 2, MessagesFailed: 1, MessagesEarly: 1 });
  });
});

describe('a message that comes early', () => {
  test('is acknowledged, and handled with the one that closes the gap', async () => {
    const rig = orderedRig();
    const { seen, handle } = noting();
    const handler = rig.inbox.on(OrderPlaced, handle);

    const answers = [
      await handler(sqsEventOf([at(3)])),
      await handler(sqsEventOf([at(2)])),
      await handler(sqsEventOf([at(1)])),
    ];

    expect(answers).toEqual([givenBack(), givenBack(), givenBack()]);
    expect(seen).toEqual([1, 2, 3]);
    expect(keptIn(rig)).toEqual([]);
    expect(rig.counts).toEqual({ MessagesEarly: 2, MessagesHandled: 3 });
  });

  test('is handled with its own context and log keys, though another brought it', async () => {
    const rig = orderedRig();
    const logged = rig.inbox.on(OrderPlaced, ({ sequence }, tx) => {
      tx.logger.info('seen', { sequence });
    });
    const early = messageOf(placed('42'), { sequence: 2, correlationId: 'c-2' });
    await logged(sqsEventOf([early]));

    await logged(sqsEventOf([at(1)]));

    const line = rig.lines.find(({ sequence }) => sequence === 2);
    expect(line).toMatchObject({ eventId: early.id, correlationId: 'c-2' });
  });

  test('goes back to the queue where it fails in its turn, and its own receives count from there', async () => {
    const rig = orderedRig();
    const { handle } = noting([2]);
    const handler = rig.inbox.on(OrderPlaced, handle);
    const early = at(2);
    await handler(sqsEventOf([early]));

    const answer = await handler(sqsEventOf([at(1)]));

    expect(answer).toEqual(givenBack());
    expect(rig.sqs.sent).toHaveLength(1);
    expect(rig.sqs.sent[0]?.QueueUrl).toBe(queueUrl);
    expect(JSON.parse(String(rig.sqs.sent[0]?.MessageBody))).toEqual(early);
    expect(rig.counts).toEqual({ MessagesEarly: 1, MessagesHandled: 1, MessagesFailed: 1 });
    expect(keptIn(rig)).toHaveLength(2);
  });

  test('is put back once only, though duplicates come by', async () => {
    const rig = orderedRig();
    const handler = rig.inbox.on(OrderPlaced, noting([2]).handle);
    await handler(sqsEventOf([at(2)]));
    const first = at(1);
    await handler(sqsEventOf([first]));

    await handler(sqsEventOf([first, first], { receiveCount: 2 }));

    expect(rig.sqs.sent).toHaveLength(1);
  });

  test('is not tried by a message that comes again, which the last try may have killed', async () => {
    const rig = orderedRig();
    const { seen, handle } = noting();
    const handler = rig.inbox.on(OrderPlaced, handle);
    await handler(sqsEventOf([at(2)]));

    await handler(sqsEventOf([at(1)], { receiveCount: 2 }));

    expect(seen).toEqual([1]);
    expect(rig.sqs.sent).toHaveLength(1);
  });

  test('is handled when it comes back from the queue, and leaves nothing behind', async () => {
    const rig = orderedRig();
    const { seen, handle } = noting();
    const handler = rig.inbox.on(OrderPlaced, handle);
    await handler(sqsEventOf([at(2)]));
    await handler(sqsEventOf([at(1)], { receiveCount: 2 }));

    await handler(sqsEventOf([String(rig.sqs.sent[0]?.MessageBody)]));

    expect(seen).toEqual([1, 2]);
    expect(keptIn(rig)).toEqual([]);
  });
});

describe('a message that does not fit into a row', () => {
  const large = (sequence: number): Message => ({
    ...at(sequence),
    data: { orderId: '42', total: 12, text: 'x'.repeat(420_000) },
  });

  test.each<[what: string, over: Partial<Message>]>([
    ['a new one', {}],
    ['a replayed one', { replayid: 'r' }],
  ])('goes round the queue with a delay until its turn has come: %s', async (_, over) => {
    const rig = orderedRig();
    const { seen, handle } = noting();
    const handler = rig.inbox.on(OrderPlaced, handle);

    const answer = await handler(sqsEventOf([{ ...large(2), ...over }]));
    await handler(sqsEventOf([String(rig.sqs.sent[0]?.MessageBody)]));
    await handler(sqsEventOf([at(1)]));
    await handler(sqsEventOf([String(rig.sqs.sent[1]?.MessageBody)]));

    expect(answer).toEqual(givenBack());
    expect(rig.sqs.sent.map(({ DelaySeconds }) => DelaySeconds)).toEqual([60, 60]);
    expect(seen).toEqual([1, 2]);
    expect(keptIn(rig)).toEqual([]);
  });

  test('is given back by a FIFO queue, which delays none', async () => {
    const rig = orderedRig();
    const event = sqsEventOf([large(2)], { fifo: true });

    const answer = await rig.inbox.on(OrderPlaced, vi.fn())(event);

    expect(answer).toEqual(givenBack(...event.Records));
    expect(rig.lines).toContainEqual(expect.objectContaining({ code: 'MESSAGE_TOO_LARGE' }));
    expect(rig.sqs.sent).toEqual([]);
  });
});

describe('a handler has room for 96 writes, whatever the inbox needs itself', () => {
  test.each([
    [96, { MessagesEarly: 1, MessagesHandled: 2 }],
    [97, { MessagesEarly: 1, MessagesDeadLettered: 1 }],
  ])('%d', async (count, counts) => {
    const rig = orderedRig();
    const handler = rig.inbox.on(OrderPlaced, ({ sequence }, tx) => {
      for (let write = 0; write < count; write++) {
        tx.put({ TableName: 'orders', Item: { id: `${sequence}/${write}` } });
      }
    });

    await handler(sqsEventOf([at(2)]));
    await handler(sqsEventOf([at(1)], { receiveCount: 5 }));
    for (const { MessageBody } of rig.sqs.sent.filter(({ QueueUrl }) => QueueUrl === queueUrl)) {
      await handler(sqsEventOf([String(MessageBody)]));
    }

    expect(rig.counts).toEqual(counts);
  });
});

test('neither the place in a history nor what waits ever expires', async () => {
  const rig = orderedRig();

  await rig.inbox.on(OrderPlaced, noting().handle)(sqsEventOf([at(1), at(3)]));

  expect(rig.database.rows('inbox')).toHaveLength(3);
  expect(rig.database.rows('inbox').filter((row) => 'expiresAt' in row)).toEqual([]);
});

describe('what has nothing to be done for', () => {
  test('moves the cursor: types without a handler, and skip notices', async () => {
    const rig = orderedRig();
    const { seen, handle } = noting();
    const unwanted = messageOf(OrderCancelled('42', { orderId: '42' }), { sequence: 1 });
    const notice: Message = { ...at(2), skipped: true };

    const answer = await rig.inbox.on(OrderPlaced, handle)(sqsEventOf([unwanted, notice, at(3)]));

    expect(answer).toEqual(givenBack());
    expect(seen).toEqual([3]);
    expect(rig.sqs.sent).toEqual([]);
  });
});

test('what has nothing to be done for is remembered of a replay: a second copy is a duplicate', async () => {
  const rig = orderedRig();
  const handler = rig.inbox.on(OrderPlaced, noting().handle);
  const unwanted = messageOf(OrderCancelled('42', { orderId: '42' }), { sequence: 1 });
  const replayed: Message[] = [
    { ...unwanted, replayid: 'r' },
    { ...at(2), skipped: true, replayid: 'r' },
  ];
  await handler(sqsEventOf(replayed));

  await handler(sqsEventOf(replayed));

  expect(rig.counts).toEqual({ MessagesDuplicate: 2 });
  expect(rig.sqs.sent).toEqual([]);
});

describe('a message without a sequence', () => {
  test.each([
    ['none', {}],
    ['zero', { sequence: '0000000000000000' }],
    ['one beyond what a number holds', { sequence: '9999999999999999' }],
  ])('is sent to the dead-letter queue with the reason: %s', async (_, over) => {
    const rig = orderedRig();
    const handle = vi.fn();
    const message = { ...messageOf(placed('42')), ...over };

    const answer = await rig.inbox.on(OrderPlaced, handle)(sqsEventOf([message]));

    expect(answer).toEqual(givenBack());
    expect(handle).not.toHaveBeenCalled();
    expect(rig.sqs.sent[0]?.MessageAttributes?.['outboxErrorCode']?.StringValue).toBe(
      'SEQUENCE_MISSING',
    );
  });

  test('is acknowledged where nobody handles its type', async () => {
    const rig = orderedRig();
    const unwanted = messageOf(OrderCancelled('42', { orderId: '42' }));

    expect(await rig.inbox.on(OrderPlaced, vi.fn())(sqsEventOf([unwanted]))).toEqual(givenBack());
    expect(rig.sqs.sent).toEqual([]);
  });
});

describe('two events with one sequence', () => {
  test('are told apart where the first was handled last', async () => {
    const rig = orderedRig();
    const handler = rig.inbox.on(OrderPlaced, noting().handle);

    await handler(sqsEventOf([at(1)]));
    await handler(sqsEventOf([at(1)]));

    expect(rig.counts).toEqual({ MessagesHandled: 1, MessagesDeadLettered: 1 });
    expect(rig.sqs.sent[0]?.MessageAttributes?.['outboxErrorCode']?.StringValue).toBe(
      'SEQUENCE_TAKEN',
    );
  });

  test('are told apart where the first waits: neither takes the place of the other', async () => {
    const rig = orderedRig();
    const handler = rig.inbox.on(OrderPlaced, noting().handle);

    await handler(sqsEventOf([at(2)]));
    await handler(sqsEventOf([at(2)]));

    expect(rig.counts).toEqual({ MessagesEarly: 1, MessagesDeadLettered: 1 });
  });

  test('are told apart where the first waits and it is its turn', async () => {
    const rig = orderedRig();
    const handler = rig.inbox.on(OrderPlaced, noting().handle);
    const [waiting, rival] = [at(2), at(2)];
    await handler(sqsEventOf([waiting]));
    await handler(sqsEventOf([at(1)], { receiveCount: 2 }));
    const [putBack] = rig.sqs.sent.splice(0);

    await handler(sqsEventOf([rival]));
    await handler(sqsEventOf([String(putBack?.MessageBody)]));

    expect(rig.sqs.sent.map(({ MessageBody }) => MessageBody)).toEqual([JSON.stringify(rival)]);
    expect(rig.lines).toContainEqual(
      expect.objectContaining({ message: 'message handled', eventId: waiting.id }),
    );
  });
});

test('an aggregate stops at a message that can never succeed, and is seen to', async () => {
  const rig = orderedRig();
  const { seen, handle } = noting();
  const handler = rig.inbox.on(OrderPlaced, handle);

  await handler(sqsEventOf([{ ...at(1), data: { total: 'no number' } }, at(2)]));

  expect(seen).toEqual([]);
  expect(rig.counts).toEqual({ MessagesDeadLettered: 1, MessagesEarly: 1 });
});

describe('under a lease', () => {
  const lease = { idempotency: 'lease' } as const;

  test('a message that was handled before the inbox was ordered moves the cursor', async () => {
    const rig = orderedRig();
    const [first, second] = [at(1), at(2)];
    const before = memoryRig({}, { transactor: rig.database });
    await before.inbox.on(OrderPlaced, vi.fn(), lease)(sqsEventOf([first]));
    const { seen, handle } = noting();

    await rig.inbox.on(OrderPlaced, handle, lease)(sqsEventOf([first, second]));

    expect(seen).toEqual([2]);
    expect(rig.counts).toEqual({ MessagesDuplicate: 1, MessagesHandled: 1 });
  });

  test('a copy of what was handled is told of, with what the handler answered', async () => {
    const rig = orderedRig();
    const onDuplicate = vi.fn();
    const handler = rig.inbox.on(OrderPlaced, () => ({ charge: 'c-1' }), { ...lease, onDuplicate });
    const message = at(1);
    await handler(sqsEventOf([message]));

    await handler(sqsEventOf([message]));

    expect(onDuplicate).toHaveBeenCalledExactlyOnceWith(
      expect.objectContaining({ id: message.id, sequence: 1 }),
      { charge: 'c-1' },
    );
  });

  test('a copy of what was passed over is not told of: it was not handled', async () => {
    const rig = orderedRig({ adoptUntil: Number.MAX_SAFE_INTEGER });
    const onDuplicate = vi.fn();
    const handler = rig.inbox.on(OrderPlaced, vi.fn(), { ...lease, onDuplicate });
    await handler(sqsEventOf([at(5)], { fifo: true }));

    const answer = await handler(sqsEventOf([at(4)], { fifo: true }));

    expect(answer).toEqual(givenBack());
    expect(onDuplicate).not.toHaveBeenCalled();
  });

  test('a copy of what was handled goes back to the queue where others keep it from moving the cursor', async () => {
    const first = at(1);
    const before = memoryRig();
    await before.inbox.on(OrderPlaced, vi.fn(), lease)(sqsEventOf([first]));
    let next = 10;
    const handleAnother = async (): Promise<unknown> => {
      const others = memoryRig({ ordered }, { transactor: before.database });
      return others.inbox.on(OrderPlaced, vi.fn(), lease)(sqsEventOf([at(next++)]));
    };
    const rig = memoryRig(
      { ordered },
      {
        transactor: {
          ...before.database,
          write: async (action) => {
            if (action.Put?.Item?.['sk'] === 'cursor') await handleAnother();
            return before.database.write(action);
          },
          transact: async (actions, token) => {
            await handleAnother();
            return before.database.transact(actions, token);
          },
        },
      },
    );
    const event = sqsEventOf([first]);

    const answer = await rig.inbox.on(OrderPlaced, vi.fn(), lease)(event);

    expect(answer).toEqual(givenBack(...event.Records));
  });

  test('a copy of what another worker has in hand is given back', async () => {
    const rig = orderedRig();
    const message = at(1);
    const goOn = Promise.withResolvers<undefined>();
    const started = Promise.withResolvers<undefined>();
    const handler = rig.inbox.on(
      OrderPlaced,
      async () => {
        started.resolve(undefined);
        await goOn.promise;
      },
      lease,
    );
    const first = handler(sqsEventOf([message]));
    await started.promise;
    const copy = sqsEventOf([message]);

    const second = await handler(copy);
    goOn.resolve(undefined);

    expect(second).toEqual(givenBack(...copy.Records));
    expect(await first).toEqual(givenBack());
    expect(rig.counts).toEqual({ MessagesInProgress: 1, MessagesHandled: 1 });
  });
});

describe('a hundred messages that come early at once', () => {
  const early = Array.from({ length: 100 }, (_, index) => at(index + 2));

  test('burn no receive: each is kept, or goes round the queue', async () => {
    const rig = orderedRig();
    const { seen, handle } = noting();
    const handler = rig.inbox.on(OrderPlaced, handle);

    const answers = await Promise.all(early.map((message) => handler(sqsEventOf([message]))));
    const round = rig.sqs.sent.splice(0);
    for (const { MessageBody } of round) await handler(sqsEventOf([String(MessageBody)]));
    await handler(sqsEventOf([at(1)]));

    expect(answers.flatMap(({ batchItemFailures }) => batchItemFailures)).toEqual([]);
    expect(round.every(({ DelaySeconds }) => DelaySeconds === 60)).toBe(true);
    expect(seen).toEqual(Array.from({ length: 101 }, (_, index) => index + 1));
  });

  test('burn no receive where the database refuses them for each other’s sake', async () => {
    const busy: Transactor['transact'] = (actions) =>
      Promise.resolve({
        status: 'cancelled',
        reasons: actions.map(() => ({ code: 'TransactionConflict' })),
      });
    const { database } = orderedRig();
    const rig = memoryRig({ ordered }, { transactor: { ...database, transact: busy } });

    const answer = await rig.inbox.on(OrderPlaced, vi.fn())(sqsEventOf([at(2)]));

    expect(answer).toEqual(givenBack());
    expect(rig.sqs.sent).toHaveLength(1);
  });
});

test('a message that is stored while another is handled burns no receive of either', async () => {
  const rig = orderedRig();
  const { seen, handle } = noting();
  const handler = rig.inbox
    .on(OrderCancelled, () => undefined)
    .on(OrderPlaced, async (message, tx) => {
      if (message.sequence === 1) await handler(sqsEventOf([at(2)]));
      handle(message, tx);
    });

  const answer = await handler(sqsEventOf([at(1)]));

  expect(answer).toEqual(givenBack());
  expect(seen).toEqual([1, 2]);
});

test('a FIFO queue gets a message back in its group, as a new one', async () => {
  const rig = orderedRig({ queueUrl: `${queueUrl}.fifo` });
  const handler = rig.inbox.on(OrderPlaced, noting([2]).handle);
  await handler(sqsEventOf([at(2)], { fifo: true }));

  await handler(sqsEventOf([at(1)], { fifo: true }));

  expect(rig.sqs.sent[0]).toMatchObject({
    MessageGroupId: 'order/42',
    MessageDeduplicationId: expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
  });
});
