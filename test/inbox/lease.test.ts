import { describe, expect, test, vi } from 'vitest';

import type { LeaseTransaction, Transactor } from '../../lib/runtime.ts';
import { createDynamoDBTransactor } from '../../lib/dynamodb/transactor.ts';
import { messageOf, sqsEventOf } from '../../lib/testing.ts';
import {
  addOne,
  givenBack,
  localRig,
  memoryRig,
  OrderPlaced,
  PaymentRequested,
  placed,
} from './support.ts';

const lease = { idempotency: 'lease' } as const;
const event = () => sqsEventOf([messageOf(placed('42'))]);
/** Longer than any lease. */
const leaseMs = 15 * 60_000 + 1_001;

/** A handler that waits in its first call until it is told to go on. */
function stallingHandler(after: (tx: LeaseTransaction) => void = () => undefined) {
  const started = Promise.withResolvers<undefined>();
  const goOn = Promise.withResolvers<undefined>();
  const handle = vi.fn(async (_: unknown, tx: LeaseTransaction) => {
    const isFirst = handle.mock.calls.length === 1;
    started.resolve(undefined);
    if (isFirst) await goOn.promise;
    after(tx);
  });
  return { handle, started: started.promise, goOn: goOn.resolve.bind(undefined, undefined) };
}

test('a message is handled once and remembered', async () => {
  const rig = await localRig();
  const handle = vi.fn();
  const handler = rig.inbox.on(OrderPlaced, handle, lease);
  const message = messageOf(placed('42'));

  const answers = [await handler(sqsEventOf([message])), await handler(sqsEventOf([message]))];

  expect(answers).toEqual([givenBack(), givenBack()]);
  expect(handle).toHaveBeenCalledTimes(1);
  expect(rig.counts).toEqual({ MessagesHandled: 1, MessagesDuplicate: 1 });
});

test('the event’s id is offered as idempotency key', async () => {
  const { inbox } = memoryRig();
  const keys: string[] = [];
  const message = messageOf(placed('42'));

  await inbox.on(
    OrderPlaced,
    (_, tx) => keys.push(tx.idempotencyKey),
    lease,
  )(sqsEventOf([message]));

  expect(keys).toEqual([message.id]);
});

test('what the handler answered with is offered to a duplicate', async () => {
  const rig = await localRig();
  const offered = vi.fn();
  const handler = rig.inbox.on(
    OrderPlaced,
    ({ data }) => Promise.resolve({ chargeId: `c-${data.orderId}` }),
    {
      idempotency: 'lease',
      onDuplicate: ({ id }, result) => {
        offered(id, result?.chargeId);
      },
    },
  );
  const message = messageOf(placed('42'));
  await handler(sqsEventOf([message]));

  await handler(sqsEventOf([message]));

  expect(offered).toHaveBeenCalledExactlyOnceWith(message.id, 'c-42');
});

test('a duplicate is given back where whoever is offered the result throws', async () => {
  const { inbox } = memoryRig();
  const handler = inbox.on(OrderPlaced, () => undefined, {
    idempotency: 'lease',
    onDuplicate: () => Promise.reject(new Error('no')),
  });
  const again = event();
  await handler(again);

  expect(await handler(again)).toEqual(givenBack(...again.Records));
});

describe('while a worker has a message in hand', () => {
  test('a copy of it is given back to the queue, and its handler not called', async () => {
    const rig = await localRig();
    const { handle, started, goOn } = stallingHandler();
    const handler = rig.inbox.on(OrderPlaced, handle, lease);
    const copy = event();
    const first = handler(copy);
    await started;

    const second = await handler(copy);
    goOn();

    expect(second).toEqual(givenBack(...copy.Records));
    expect(await first).toEqual(givenBack());
    expect(handle).toHaveBeenCalledTimes(1);
    expect(rig.counts).toEqual({ MessagesInProgress: 1, MessagesHandled: 1 });
  });

  test('its lease lasts as long as its function may run, and a second more', async () => {
    const rig = memoryRig();
    const rows: unknown[] = [];
    const handler = rig.inbox.on(
      OrderPlaced,
      () => rows.push(...rig.database.rows('inbox')),
      lease,
    );

    await handler(event(), { getRemainingTimeInMillis: () => 30_000 });

    expect(rows).toMatchObject([{ leaseUntil: rig.clock.now() + 31_000 }]);
  });

  test('a handler in a transaction does not take the message for handled', async () => {
    const rig = await localRig();
    const { handle, started, goOn } = stallingHandler();
    const copy = event();
    const first = rig.inbox.on(OrderPlaced, handle, lease)(copy);
    await started;

    await rig.inbox.on(OrderPlaced, (_, tx) => {
      tx.update(addOne(rig.effects, 'order'));
    })(copy);
    goOn();
    await first;

    expect(await rig.effectsOf('order')).toBe(1);
  });
});

describe('a worker that does not come back', () => {
  test('is replaced when its lease has ended, not before', async () => {
    const rig = await localRig();
    const { handle, started } = stallingHandler();
    const handler = rig.inbox.on(OrderPlaced, handle, lease);
    const copy = event();
    void handler(copy);
    await started;

    rig.clock.advance(leaseMs - 1);
    const early = await handler(copy);
    rig.clock.advance(1);
    const inTime = await handler(copy);

    expect(early).toEqual(givenBack(...copy.Records));
    expect(inTime).toEqual(givenBack());
    expect(rig.counts).toEqual({ MessagesInProgress: 1, MessagesHandled: 1 });
  });

  test('cannot complete when it comes back after all', async () => {
    const rig = await localRig();
    const { handle, started, goOn } = stallingHandler((tx) => {
      tx.update(addOne(rig.effects, 'order'));
    });
    const handler = rig.inbox.on(OrderPlaced, handle, lease);
    const copy = event();
    const overrun = handler(copy);
    await started;
    rig.clock.advance(leaseMs);
    await handler(copy);

    goOn();

    expect(await overrun).toEqual(givenBack(...copy.Records));
    expect(await rig.effectsOf('order')).toBe(1);
    expect(rig.lines).toContainEqual(expect.objectContaining({ code: 'LEASE_LOST' }));
  });

  test('cannot complete while its successor is still at work, nor take the lease from it', async () => {
    const rig = await localRig();
    const first = stallingHandler();
    const second = stallingHandler();
    const copy = event();
    const overrun = rig.inbox.on(OrderPlaced, first.handle, lease)(copy);
    await first.started;
    rig.clock.advance(leaseMs);
    const successor = rig.inbox.on(OrderPlaced, second.handle, lease)(copy);
    await second.started;

    first.goOn();
    const lost = await overrun;
    const third = await rig.inbox.on(OrderPlaced, vi.fn(), lease)(copy);
    second.goOn();

    expect(lost).toEqual(givenBack(...copy.Records));
    expect(third).toEqual(givenBack(...copy.Records));
    expect(await successor).toEqual(givenBack());
  });

  test('completes late where nobody has taken the message over', async () => {
    const rig = await localRig();
    const { handle, started, goOn } = stallingHandler();
    const handler = rig.inbox.on(OrderPlaced, handle, lease);
    const copy = event();
    const late = handler(copy);
    await started;
    rig.clock.advance(leaseMs);

    goOn();

    expect(await late).toEqual(givenBack());
    await handler(copy);
    expect(handle).toHaveBeenCalledTimes(1);
  });
});

test('a call is made again, with the same key, where the worker died before it was remembered', async () => {
  const rig = await localRig();
  const charges: string[] = [];
  const charge = (_: unknown, tx: LeaseTransaction): void => {
    charges.push(tx.idempotencyKey);
  };
  const real = createDynamoDBTransactor(rig.documents);
  let calls = 0;
  const write: Transactor['write'] = (action) => {
    calls += 1;
    return calls === 1 ? real.write(action) : Promise.reject(new Error('the process is dead'));
  };
  const copy = event();
  await rig.open({ transactor: { ...real, write } }).on(OrderPlaced, charge, lease)(copy);

  rig.clock.advance(leaseMs);
  const answer = await rig.inbox.on(OrderPlaced, charge, lease)(copy);

  expect(answer).toEqual(givenBack());
  expect(charges).toHaveLength(2);
  expect(new Set(charges).size).toBe(1);
});

describe('where the handler throws', () => {
  test('its lease is given back at once, and the message is handled when it comes again', async () => {
    const rig = await localRig();
    const handle = vi.fn(() => Promise.reject(new Error('no')));
    const copy = event();
    const first = await rig.inbox.on(OrderPlaced, handle, lease)(copy);

    const second = await rig.inbox.on(OrderPlaced, () => undefined, lease)(copy);

    expect(first).toEqual(givenBack(...copy.Records));
    expect(second).toEqual(givenBack());
    expect(rig.counts).toEqual({ MessagesFailed: 1, MessagesHandled: 1 });
  });

  test('its own error is told, also where the lease cannot be given back', async () => {
    const rig = await localRig();
    const real = createDynamoDBTransactor(rig.documents);
    let calls = 0;
    const write: Transactor['write'] = (action) =>
      ++calls === 1
        ? real.write(action)
        : Promise.reject(Object.assign(new Error('throttled'), { $metadata: {} }));
    const options = { transactor: { ...real, write }, logErrorMessages: true };
    const handler = rig.open(options).on(
      OrderPlaced,
      () => {
        throw new Error('declined');
      },
      lease,
    );

    await handler(event());

    const messages = rig.lines.map(({ error }) => (error as Error | undefined)?.message);
    expect(messages).toEqual(['throttled', 'declined']);
  });
});

describe('what the handler puts into its transaction', () => {
  test('is committed together with the memory of the message', async () => {
    const rig = await localRig();
    const handler = rig.inbox.on(
      OrderPlaced,
      (_, tx) => {
        tx.update(addOne(rig.effects, 'order'));
        tx.emit(PaymentRequested('1', { orderId: '1' }));
      },
      lease,
    );
    const copy = event();

    await handler(copy);
    await handler(copy);

    expect(await rig.effectsOf('order')).toBe(1);
    expect(await rig.rowsOf(rig.settings.outbox?.tableName)).toHaveLength(1);
  });

  test('may fail by its own condition, which is the handler’s error, and forgets nothing', async () => {
    const rig = await localRig();
    const copy = event();
    const handler = rig.inbox.on(
      OrderPlaced,
      (_, tx) => {
        tx.update({ ...addOne(rig.effects, 'order'), ConditionExpression: 'attribute_exists(pk)' });
      },
      lease,
    );

    const answer = await handler(copy);

    expect(answer).toEqual(givenBack(...copy.Records));
    expect(rig.lines).toContainEqual(expect.objectContaining({ code: 'CONDITION_FAILED' }));
    expect(await rig.rowsOf(rig.settings.tableName)).not.toContainEqual(
      expect.objectContaining({ handledAt: expect.anything() as number }),
    );
  });
});

describe('a result that cannot be remembered', () => {
  const circle: Record<string, unknown> = {};
  circle['self'] = circle;

  test.each([
    ['too large', { text: 'x'.repeat(4096) }, 'has 4107 bytes, and 4096 are remembered'],
    ['no JSON', circle, 'would not be the same after JSON: * is an object that contains it'],
  ])('is left out with an error, and the message remembered: %s', async (_, result, problem) => {
    const rig = memoryRig();
    const onDuplicate = vi.fn();
    const handle = vi.fn(() => result);
    const handler = rig.inbox.on(OrderPlaced, handle, { idempotency: 'lease', onDuplicate });
    const copy = event();
    await handler(copy);

    await handler(copy);

    expect(handle).toHaveBeenCalledTimes(1);
    expect(onDuplicate).toHaveBeenCalledExactlyOnceWith(expect.anything(), undefined);
    expect(JSON.stringify(rig.lines.find(({ level }) => level === 'error'))).toContain(problem);
  });
});

test('a claim whose answer was lost is recognised as one’s own', async () => {
  const rig = await localRig();
  const real = createDynamoDBTransactor(rig.documents);
  let calls = 0;
  const write: Transactor['write'] = async (action) => {
    const result = await real.write(action);
    return ++calls === 1 ? { status: 'busy', code: 'ThrottlingException' } : result;
  };
  const handler = rig.open({ transactor: { ...real, write } }).on(OrderPlaced, vi.fn(), lease);

  expect(await handler(event())).toEqual(givenBack());
  expect(rig.counts).toEqual({ MessagesHandled: 1 });
});

test('a memory that has expired does not count, though it still exists', async () => {
  const rig = await localRig();
  const handle = vi.fn();
  const handler = rig.inbox.on(OrderPlaced, handle, lease);
  const copy = event();
  await handler(copy);

  rig.clock.advance(rig.settings.dedupeWindowMs + 2_000);
  await handler(copy);

  expect(handle).toHaveBeenCalledTimes(2);
});

test('what was handled in one way is a duplicate in the other', async () => {
  const rig = await localRig();
  const again = [event(), event()] as const;
  await rig.inbox.on(OrderPlaced, () => undefined, lease)(again[0]);
  await rig.inbox.on(OrderPlaced, () => undefined)(again[1]);

  await rig.inbox.on(OrderPlaced, () => undefined)(again[0]);
  await rig.inbox.on(OrderPlaced, () => undefined, lease)(again[1]);

  expect(rig.counts).toEqual({ MessagesHandled: 2, MessagesDuplicate: 2 });
});
