import { PutItemCommand } from '@aws-sdk/client-dynamodb';

import { toItem } from '../../../lib/dynamodb/items.ts';
import { createDynamoDBOperateStore } from '../../../lib/dynamodb/operate-store.ts';
import { createVirtualClock } from '../../../lib/testing/virtual-clock.ts';
import { outboxActs } from '../../operate/support.ts';
import { createOutboxTable, localClient } from '../../support/tables.ts';
import { accepts, countingIds, scripted, type Script } from '../../support/world.ts';
import { bus, outboxFunctions, servicesOf, type FakeAccount } from './account.ts';
import { fakeClients, type Services } from './clients.ts';
import { run, type Ran, type Surroundings } from './run.ts';

export const shards = 4;

export interface LocalOutboxOptions {
  /** Whether the one destination keeps order. @default false */
  readonly ordered?: boolean;
  /** What else is in the account. */
  readonly account?: (tableName: string) => FakeAccount;
  readonly services?: Services;
}

/**
 * An outbox on DynamoDB Local, now, in an account that has nothing else: its destination does with entries
 * what the script says. `outbox` types a command.
 */
export async function createLocalOutbox({
  ordered = false,
  account,
  services = {},
}: LocalOutboxOptions = {}) {
  const client = localClient();
  const tableName = await createOutboxTable(client);
  const clock = createVirtualClock(Date.now());
  const newId = countingIds();
  const script: { decide: Script } = { decide: accepts };
  const destination = scripted(script, { ordered, name: bus.name });
  const store = createDynamoDBOperateStore({ client, tableName, shards, clock });
  const acts = outboxActs({
    store,
    clock,
    destinations: [destination],
    newId,
    put: async (row) => {
      await client.send(new PutItemCommand({ TableName: tableName, Item: toItem(row) }));
    },
  });
  const there = { functions: outboxFunctions(tableName), ...account?.(tableName) };
  const clients = fakeClients({ ...servicesOf(there), ...services }, localClient());
  return {
    ...acts,
    tableName,
    clock,
    newId,
    script,
    destination,
    store,
    clients,
    outbox: (commandLine: string, surroundings: Surroundings = {}): Promise<Ran> =>
      run(commandLine, { clients, clock, newId, ...surroundings }),
  };
}

export type LocalOutbox = Awaited<ReturnType<typeof createLocalOutbox>>;

export function parse(json: string): Record<string, unknown> {
  return JSON.parse(json) as Record<string, unknown>;
}
