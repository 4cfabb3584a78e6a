import { DynamoDBDocumentClient, ScanCommand } from '@aws-sdk/lib-dynamodb';

import type { Row } from '../../lib/table/entry.ts';
import { rowToSaga, type SagaRecord } from '../../lib/table/saga.ts';
import { createDynamoDBSweepStore } from '../../lib/dynamodb/sweep-store.ts';
import { sweepDue } from '../../lib/sweeper/due.ts';
import type { SweepStore } from '../../lib/table/stores.ts';
import { type DefinedSaga, type SagaFunction, type SagaRunOptions } from '../../lib/runtime.ts';
import { openSaga } from '../../lib/saga/create-saga.ts';
import { newId } from '../../lib/core/system.ts';
import {
  createMemoryRunningSagas,
  createMemoryTransactor,
  sqsEventOf,
  type Message,
} from '../../lib/testing.ts';
import { createMemorySweepStore } from '../support/memory/sweep-store.ts';
import {
  createKeyedTable,
  createOutboxTable,
  createSagaTable,
  localClient,
} from '../support/tables.ts';
import { recordingLog, recordingMeter, scripted } from '../support/world.ts';
import { surroundings } from '../inbox/support.ts';

const retentionMs = 86_400_000;
const outboxConfig = { shards: 1, retentionMs, accepts: [{ maxMessageBytes: 1024 * 1024 }] };
const settings = {
  name: 'fulfilment',
  dedupeWindowMs: 30 * 60 * 1000,
  deadLetterQueueUrl: 'https://sqs.invalid/111122223333/fulfilment-dead',
};

interface WorldOptions {
  /** @default - half an hour, which a test can let pass without its events growing too old to be written */
  readonly dedupeWindowMs?: number;
}

/** Where a saga's rows, its events and what its answers write end up. */
interface Database extends WorldOptions {
  readonly options: SagaRunOptions;
  readonly tables: Readonly<Record<'inbox' | 'sagas' | 'outbox' | 'effects', string>>;
  readonly store: SweepStore;
  readonly rowsOf: (table: string) => Promise<Row[]>;
}

export type SagaWorld = ReturnType<typeof openWorld>;

export function memoryWorld(over: WorldOptions = {}) {
  const around = surroundings();
  const store = createMemorySweepStore({ shards: 1, clock: around.clock, chunkSize: 100 });
  const key = ['pk', 'sk'];
  const tables = { inbox: 'inbox', sagas: 'sagas', outbox: 'outbox', effects: 'effects' };
  const transactor = createMemoryTransactor({
    ...{ inbox: key, sagas: key, effects: key },
    outbox: store.table,
  });
  const running = createMemoryRunningSagas(transactor, tables.sagas);
  const rowsOf = (table: string): Promise<Row[]> => Promise.resolve(transactor.rows(table));
  return openWorld(around, { options: { transactor, running }, tables, store, rowsOf, ...over });
}

export async function localWorld(over: WorldOptions = {}) {
  const client = localClient();
  const documents = DynamoDBDocumentClient.from(client);
  const around = surroundings();
  const [inbox, sagas, outbox, effects] = await Promise.all([
    createKeyedTable(client),
    createSagaTable(client),
    createOutboxTable(client),
    createKeyedTable(client),
  ]);
  const store = createDynamoDBSweepStore({ client, tableName: outbox, shards: 1, ...around });
  return openWorld(around, {
    options: { documentClient: documents },
    tables: { inbox, sagas, outbox, effects },
    store,
    rowsOf: async (TableName) => {
      const scan = new ScanCommand({ TableName, ConsistentRead: true });
      return (await documents.send(scan)).Items ?? [];
    },
    ...over,
  });
}

/** Sagas over a database, and a sweeper that brings their deadlines back. */
function openWorld(around: ReturnType<typeof surroundings>, database: Database) {
  const { options, tables, store, rowsOf, dedupeWindowMs = settings.dedupeWindowMs } = database;
  const brought: Message[] = [];
  const bus = scripted({
    decide: ({ json }) => {
      brought.push(JSON.parse(json) as Message);
      return { status: 'accepted' };
    },
  });
  const sagaSettings = {
    ...settings,
    dedupeWindowMs,
    tableName: tables.inbox,
    sagaTableName: tables.sagas,
    outbox: { ...outboxConfig, tableName: tables.outbox },
  };
  const run = <State>(saga: DefinedSaga<State>, over: SagaRunOptions = {}): SagaFunction =>
    openSaga(
      saga,
      { ...sagaSettings, sagaName: saga.name },
      { ...around.options, ...options, ...over },
    );
  const emitted = async (): Promise<Row[]> =>
    (await rowsOf(tables.outbox)).filter(({ sk }) => String(sk).startsWith('e#'));
  return {
    ...around,
    ...database,
    settings: sagaSettings,
    run,
    /** Whether each of these messages was given back to the queue. */
    deliver: async (handler: SagaFunction, ...messages: Message[]): Promise<boolean[]> => {
      const event = sqsEventOf(messages);
      const { batchItemFailures } = await handler(event);
      const failed = new Set(batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
      return event.Records.map(({ messageId }) => failed.has(messageId));
    },
    sagas: async (): Promise<SagaRecord[]> => (await rowsOf(tables.sagas)).map(rowToSaga),
    /** Types of the events that were emitted, in the order of their ids. */
    emittedTypes: async (): Promise<string[]> =>
      (await emitted())
        .toSorted((a, b) => (String(a['sk']) < String(b['sk']) ? -1 : 1))
        .map(({ type }) => String(type)),
    waiting: async (): Promise<Row[]> =>
      (await rowsOf(tables.outbox)).filter(({ state }) => state === 'deferred'),
    /** The deadlines that are due by now, as they arrive. */
    due: async (): Promise<Message[]> => {
      const { clock } = around;
      await sweepDue(
        {
          ...{ store, destinations: [bus], clock, newId, shards: 1, random: () => 0.5 },
          ...{ log: recordingLog(), meter: recordingMeter(), source: 'orders', maxAttempts: 5 },
          retentionMs,
        },
        { deadline: clock.now() + 60_000, ownedUntil: clock.now() + 60_000, holder: 'test' },
      );
      return brought.splice(0);
    },
  };
}
