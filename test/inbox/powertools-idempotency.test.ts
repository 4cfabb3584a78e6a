import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { IdempotencyConfig, makeIdempotent } from '@aws-lambda-powertools/idempotency';
import { DynamoDBPersistenceLayer } from '@aws-lambda-powertools/idempotency/dynamodb';
import type { Context } from 'aws-lambda';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { type InboxTransaction } from '../../lib/runtime.ts';
import { openInbox } from '../../lib/inbox/inbox.ts';
import { messageOf, sqsEventOf } from '../../lib/testing.ts';
import { createKeyedTable, localClient } from '../support/tables.ts';
import { addOne, localRig, OrderPlaced, placed, type LocalRig } from './support.ts';

// The same crash in the same place, for a handler that adds one to a row: with Powertools' idempotency, whose
// record is written before and after the handler, and with the inbox, whose marker is part of the effect's transaction.

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'] });
});

afterEach(() => {
  vi.useRealTimers();
});

interface Death {
  /** The call to the database at which the process dies, from 1. */
  readonly call: number;
  /** Whether that call still takes effect. */
  readonly afterTheCall: boolean;
}

const deaths = [1, 2, 3].flatMap((call): Death[] => [
  { call, afterTheCall: false },
  { call, afterTheCall: true },
]);

/** The client of a process that dies at a call to the database: none of its later calls has any effect. */
function dyingClient({ call: last, afterTheCall }: Death): DynamoDBClient {
  const client = localClient();
  let calls = 0;
  client.middlewareStack.add(
    (next) => async (args) => {
      calls += 1;
      const isReached = calls < last || (calls === last && afterTheCall);
      const answer = isReached ? await next(args) : undefined;
      if (answer === undefined || calls >= last) throw new Error('the process is dead');
      return answer;
    },
    { step: 'initialize', priority: 'high' },
  );
  return client;
}

/** How often the effect is there after one run that dies, and one of another process an hour later. */
async function withPowertools(death: Death, rig: LocalRig): Promise<number> {
  const tableName = await createKeyedTable(localClient());
  const run = async (client: DynamoDBClient, order: string): Promise<void> => {
    const documents = DynamoDBDocumentClient.from(client);
    const config = new IdempotencyConfig({ expiresAfterSeconds: 86_400 });
    config.registerLambdaContext({ getRemainingTimeInMillis: () => 3_000 } as Context);
    const handle = makeIdempotent(
      async (id: string) => {
        await documents.send(new UpdateCommand(addOne(rig.effects, id)));
        return 'done';
      },
      {
        config,
        persistenceStore: new DynamoDBPersistenceLayer({
          tableName,
          keyAttr: 'pk',
          sortKeyAttr: 'sk',
          staticPkValue: 'idempotency',
          awsSdkV3Client: client,
        }),
      },
    );
    await handle(order);
  };
  const order = `powertools-${death.call}-${death.afterTheCall}`;
  await expect(run(dyingClient(death), order)).rejects.toThrow();
  vi.setSystemTime(Date.now() + 3_600_000);
  await run(localClient(), order);
  return rig.effectsOf(order);
}

async function withInbox(death: Death, rig: LocalRig): Promise<number> {
  const order = `inbox-${death.call}-${death.afterTheCall}`;
  const handle = (_: unknown, tx: InboxTransaction): void => {
    tx.update(addOne(rig.effects, order));
  };
  const message = messageOf(placed(order));
  const run = (client: DynamoDBClient, receiveCount: number) => {
    const options = { ...rig.options, documentClient: DynamoDBDocumentClient.from(client) };
    const inbox = openInbox(rig.settings, options).on(OrderPlaced, handle);
    return inbox(sqsEventOf([message], { receiveCount }));
  };
  await run(dyingClient(death), 1);
  await run(localClient(), 2);
  return rig.effectsOf(order);
}

test('a crash between effect and marker repeats the effect with Powertools idempotency, and not here', async () => {
  const rig = await localRig();
  // Its calls: record "in progress", effect, record "completed".
  const beforeItIsCompleted = { call: 3, afterTheCall: false };
  const afterTheEffect = { call: 2, afterTheCall: true };

  expect(await withPowertools(beforeItIsCompleted, rig)).toBe(2);
  expect(await withPowertools(afterTheEffect, rig)).toBe(2);
  expect(await withInbox({ call: 1, afterTheCall: true }, rig)).toBe(1);
});

test.each(deaths)('wherever the inbox dies, the effect is there once: %o', async (death) => {
  const rig = await localRig();

  expect(await withInbox(death, rig)).toBe(1);
});
