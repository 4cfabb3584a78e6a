import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { expect, test } from 'vitest';

import { type InboxTransaction, type Transactor } from '../../lib/runtime.ts';
import { openInbox } from '../../lib/inbox/inbox.ts';
import { createDynamoDBTransactor } from '../../lib/dynamodb/transactor.ts';
import { messageOf, sqsEventOf } from '../../lib/testing.ts';
import { localClient } from '../support/tables.ts';
import { addOne, localRig, OrderPlaced, PaymentRequested, placed } from './support.ts';

const lease = { idempotency: 'lease' } as const;

interface Death {
  /** The call to the database at which it happens, from 1. */
  readonly call: number;
  /** Whether that call still takes effect. */
  readonly afterTheCall: boolean;
  /** Whether the process dies of it, or only loses this one answer. */
  readonly isFinal: boolean;
}

const flags = [false, true];
const deaths = [1, 2, 3, 4].flatMap((call) =>
  flags.flatMap((afterTheCall) => flags.map((isFinal): Death => ({ call, afterTheCall, isFinal }))),
);

function failingClient({ call, afterTheCall, isFinal }: Death): DynamoDBClient {
  const client = localClient();
  let calls = 0;
  client.middlewareStack.add(
    (next) => async (args) => {
      calls += 1;
      if (calls < call || (!isFinal && calls > call)) return next(args);
      if (calls === call && afterTheCall) await next(args);
      throw new Error('the connection broke');
    },
    { step: 'initialize', priority: 'high' },
  );
  return client;
}

test.each(deaths)('what a handler put into tx is there once: %o', async (death) => {
  const rig = await localRig();
  const handle = (_: unknown, tx: InboxTransaction): void => {
    tx.update(addOne(rig.effects, 'order'));
    tx.emit(PaymentRequested('42', { orderId: '42' }, { sequence: 'next' }));
  };
  const message = messageOf(placed('42'));
  const run = (client: DynamoDBClient, receiveCount: number) =>
    openInbox(rig.settings, {
      ...rig.options,
      documentClient: DynamoDBDocumentClient.from(client),
    }).on(
      OrderPlaced,
      handle,
      lease,
    )(sqsEventOf([message], { receiveCount }));

  await run(failingClient(death), 1);
  rig.clock.advance(16 * 60_000);
  const answer = await run(localClient(), 2);

  expect(answer.batchItemFailures).toEqual([]);
  expect(await rig.effectsOf('order')).toBe(1);
  const emitted = (await rig.rowsOf(rig.settings.outbox?.tableName)).filter(({ type }) => type);
  expect(emitted).toHaveLength(1);
});

test('a commit whose answer was lost is not undone by giving the lease back', async () => {
  const rig = await localRig();
  const real = createDynamoDBTransactor(rig.documents);
  const transact: Transactor['transact'] = async (actions, token) => {
    await real.transact(actions, token);
    throw new Error('the connection broke');
  };
  const handle = (_: unknown, tx: InboxTransaction): void => {
    tx.update(addOne(rig.effects, 'order'));
  };
  const event = sqsEventOf([messageOf(placed('42'))]);

  await rig.open({ transactor: { ...real, transact } }).on(OrderPlaced, handle, lease)(event);
  await rig.inbox.on(OrderPlaced, handle, lease)(event);

  expect(await rig.effectsOf('order')).toBe(1);
});
