/** The paths whose code a reader walks through. Each runs for real: on DynamoDB Local, and on stubs of the other services. */
import { ScanCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';

import { main } from '../lib/cli/program.ts';
import { inboxToEnvironment, writerToEnvironment } from '../lib/core/environment.ts';
import { isInvalidEntry, rowToEntry } from '../lib/table/entry.ts';
import { sagaToEnvironment } from '../lib/table/saga.ts';
import { createEventBusDestination } from '../lib/delivery/destinations/event-bus.ts';
import { createDynamoDBSweepStore } from '../lib/dynamodb/sweep-store.ts';
import { createRelay } from '../lib/delivery/relay.ts';
import { createSweeper } from '../lib/sweeper/sweeper.ts';
import { createInbox, createOutbox, createSaga, defineEvent, defineSaga } from '../lib/runtime.ts';
import { toRow } from '../lib/dynamodb/items.ts';
import { newId, systemClock } from '../lib/core/system.ts';
import { messageOf, sqsEventOf } from '../lib/testing.ts';
import { outboxFunctions, servicesOf } from '../test/cli/support/account.ts';
import { fakeClients } from '../test/cli/support/clients.ts';
import { fakeTerminal } from '../test/cli/support/terminal.ts';
import {
  createKeyedTable,
  createOutboxTable,
  createSagaTable,
} from '../test/support/create-tables.ts';
import { startDynamoDBLocal } from '../test/support/dynamodb-local.ts';
import { insertOf } from '../test/support/world.ts';
import { createStub } from './stub.ts';

const Placed = defineEvent('order.placed', {
  aggregateType: 'order',
  schema: z.object({ orderId: z.string() }),
});
const fulfilment = defineSaga('fulfilment', {
  state: z.object({ orderId: z.string() }),
  key: 'orderId',
}).startedBy(Placed, (saga, { data }) => {
  saga.setState(data);
});

const minute = 60_000;
const retentionMs = 14 * 24 * 60 * minute;
const invocation = { getRemainingTimeInMillis: () => minute };
const silent = () => undefined;
const log = { debug: silent, info: silent, warn: silent, error: silent };
const metrics = { addDimension: silent, addMetric: silent, publishStoredMetrics: silent };

export interface Paths {
  readonly paths: Readonly<Record<string, () => Promise<unknown>>>;
  /** Frames of the library between the call of Lambda and the user's handler; known once the path ran. */
  readonly framesTo: Readonly<Record<string, () => number>>;
  readonly close: () => Promise<void>;
}

export async function openPaths(): Promise<Paths> {
  Error.stackTraceLimit = Infinity;
  const local = await startDynamoDBLocal();
  const client = local.client();
  const outbox = await openOutbox(client);
  const transaction = await openInbox(client, false);
  const ordered = await openInbox(client, true);
  const [missed, deferred] = [await openOutbox(client), 5 * minute];
  const parked = await outbox.park();
  return {
    paths: {
      'write of one item and one event': () => outbox.write(),
      'relay, one record published': await outbox.relayed(),
      'sweeper, one due row and one missed entry': await missed.swept(deferred),
      'inbox, in a transaction': transaction.run,
      'inbox, ordered': ordered.run,
      'saga, first step': await openSaga(client),
      'outbox redrive <id> --yes': () => redrive(parked, outbox.tableName, client),
    },
    framesTo: {
      'inbox, in a transaction': transaction.frames,
      'inbox, ordered': ordered.frames,
    },
    close: () => local.stop(),
  };
}

/** An outbox with a table of its own and a bus. */
async function openOutbox(client: DynamoDBClient) {
  const tableName = await createOutboxTable(client);
  const orders = await createKeyedTable(client);
  const isRefusing = { now: false };
  const stub = createStub({
    answers: {
      PutEvents: () =>
        isRefusing.now
          ? { FailedEntryCount: 1, Entries: [{ ErrorCode: 'MalformedDetail', ErrorMessage: '' }] }
          : { FailedEntryCount: 0, Entries: [{ EventId: 'accepted' }] },
    },
  });
  const writer = createOutbox({
    environment: outboxVariables(tableName),
    documentClient: DynamoDBDocumentClient.from(client),
  });
  let offsetMs = 0;
  const ports = {
    store: createDynamoDBSweepStore({ client, tableName, shards: 1 }),
    destinations: [
      createEventBusDestination(
        { name: 'bus/Bus', kind: 'bus', target: 'bus', ordered: false },
        stub.eventBridge,
      ),
    ],
    clock: { ...systemClock, now: () => Date.now() + offsetMs },
    random: Math.random,
    newId,
    log,
    meter: { count: silent, time: silent },
    ...{ retentionMs, shards: 1, source: 'orders', maxAttempts: 5 },
  };
  const relay = createRelay(ports);
  const write = async (deliverAt?: Date): Promise<void> => {
    const id = newId(Date.now());
    await writer.write({
      items: [{ Put: { TableName: orders, Item: { pk: id, sk: 'order' } } }],
      events: [Placed(id, { orderId: id }, deliverAt === undefined ? {} : { deliverAt })],
    });
  };
  const records = async () => {
    const { Items = [] } = await client.send(new ScanCommand({ TableName: tableName }));
    return Items.map(toRow)
      .filter(({ sk }) => String(sk).startsWith('e#'))
      .map((row) => ({ row, record: insertOf(row) }));
  };
  return {
    tableName,
    write,
    /** Has a written event refused for good; returns its id. */
    park: async (): Promise<string> => {
      await write();
      isRefusing.now = true;
      const all = await records();
      await relay({ Records: all.map(({ record }) => record) }, invocation);
      isRefusing.now = false;
      const [parked] = all.map(({ row }) => rowToEntry(row));
      if (parked === undefined || isInvalidEntry(parked)) throw new Error('no entry was written');
      return parked.id;
    },
    relayed: async () => {
      await write();
      const last = (await records()).at(-1);
      return () => relay({ Records: last === undefined ? [] : [last.record] }, invocation);
    },
    swept: async (deferredByMs: number) => {
      await write();
      await write(new Date(Date.now() + deferredByMs));
      return () => {
        offsetMs = deferredByMs + minute;
        return createSweeper(ports)(invocation);
      };
    },
  };
}

function outboxVariables(tableName: string): Record<string, string> {
  const accepts = [{ maxMessageBytes: 1024 * 1024 }];
  return writerToEnvironment({ tableName, shards: 1, retentionMs, accepts }, JSON.stringify);
}

function inboxVariables(tableName: string, isOrdered: boolean): Record<string, string> {
  const queueUrl = 'https://sqs.invalid/111122223333/inbox';
  return inboxToEnvironment({
    name: 'billing',
    tableName,
    dedupeWindowMs: 24 * 60 * minute,
    deadLetterQueueUrl: queueUrl,
    ...(isOrdered ? { ordered: { queueUrl, adoptWaitMs: minute, replayWaitMs: minute } } : {}),
  });
}

async function openInbox(client: DynamoDBClient, isOrdered: boolean) {
  const tableName = await createKeyedTable(client);
  let frames = 0;
  const inbox = createInbox({
    environment: inboxVariables(tableName, isOrdered),
    documentClient: DynamoDBDocumentClient.from(client),
    ...{ logger: log, metrics },
  }).on(Placed, ({ id }, tx) => {
    frames = new Error('frames').stack?.match(/\/lib\/.*\.ts/g)?.length ?? 0;
    tx.put({ TableName: tableName, Item: { pk: `effect#${id}`, sk: 'effect' } });
  });
  const message = messageOf(Placed('1', { orderId: '1' }), { sequence: 1 });
  return { run: () => inbox(sqsEventOf([message])), frames: () => frames };
}

async function openSaga(client: DynamoDBClient) {
  const [tableName, outbox] = [await createSagaTable(client), await createOutboxTable(client)];
  const saga = createSaga(fulfilment, {
    environment: {
      ...inboxVariables(tableName, false),
      ...outboxVariables(outbox),
      ...sagaToEnvironment({ name: fulfilment.name, tableName }),
    },
    documentClient: DynamoDBDocumentClient.from(client),
    ...{ logger: log, metrics },
  });
  const message = messageOf(Placed('1', { orderId: '1' }), { sequence: 1 });
  return () => saga(sqsEventOf([message]));
}

async function redrive(id: string, tableName: string, client: DynamoDBClient): Promise<void> {
  const clients = fakeClients(servicesOf({ functions: outboxFunctions(tableName) }), client);
  const terminal = fakeTerminal();
  const code = await main(['redrive', id, '--yes'], {
    ...{ terminal, clock: systemClock, random: Math.random, newId },
    openClients: () => clients,
    version: '0.0.0',
    user: 'operator',
    stop: new AbortController().signal,
  });
  if (code !== 0) throw new Error(`redrive ended with ${code}: ${terminal.notes()}`);
}
