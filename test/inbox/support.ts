import type { SendMessageCommandInput } from '@aws-sdk/client-sqs';
import { DynamoDBDocumentClient, GetCommand, ScanCommand } from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';

import type { Row } from '../../lib/table/entry.ts';
import {
  defineEvent,
  type Inbox,
  type InboxOptions,
  type InboxTransaction,
  type LogFields,
  type SqsBatchResponse,
  type SqsRecord,
} from '../../lib/runtime.ts';
import { openInbox } from '../../lib/inbox/inbox.ts';
import { type InboxSettings } from '../../lib/outbox/settings.ts';
import {
  createMemoryTransactor,
  type MemoryTransactor,
} from '../../lib/testing/memory-transactor.ts';
import { createVirtualClock, type VirtualClock } from '../../lib/testing/virtual-clock.ts';
import { createKeyedTable, createOutboxTable, localClient } from '../support/tables.ts';

export const OrderPlaced = defineEvent('order.placed', {
  version: 3,
  aggregateType: 'order',
  schema: z.object({ orderId: z.string(), total: z.number() }),
  upcast: {
    1: (old: { id: string; amount: number }) => ({ orderId: old.id, amount: old.amount }),
    2: (old: { orderId: string; amount: number }) => ({ orderId: old.orderId, total: old.amount }),
  },
});

export const OrderCancelled = defineEvent('order.cancelled', {
  aggregateType: 'order',
  schema: z.object({ orderId: z.string() }),
});

export const PaymentRequested = defineEvent('payment.requested', {
  aggregateType: 'payment',
  schema: z.object({ orderId: z.string() }),
});

export const placed = (orderId: string): ReturnType<typeof OrderPlaced> =>
  OrderPlaced(orderId, { orderId, total: 12 });

/** An SQS client that takes notes instead of calls; it throws while `error` is set. */
export interface SqsStub {
  readonly sent: SendMessageCommandInput[];
  error?: Error;
  send(command: { input: object }): Promise<never>;
}

function createSqsStub(): SqsStub {
  const stub: SqsStub = {
    sent: [],
    send: (command) => {
      if (stub.error !== undefined) return Promise.reject(stub.error);
      stub.sent.push(command.input as SendMessageCommandInput);
      return Promise.resolve({} as never);
    },
  };
  return stub;
}

export interface LogLine extends LogFields {
  readonly level: string;
  readonly message: string;
}

/** What an inbox did beside the database. */
export interface Surroundings {
  readonly sqs: SqsStub;
  readonly lines: LogLine[];
  /** By metric; summed over invocations. */
  readonly counts: Record<string, number>;
  /** Of what was published last. */
  readonly dimensions: Record<string, string>;
  readonly clock: VirtualClock;
  readonly options: InboxOptions;
}

export function surroundings(): Surroundings {
  const sqs = createSqsStub();
  const lines: LogLine[] = [];
  const counts: Record<string, number> = {};
  const dimensions: Record<string, string> = {};
  const clock = createVirtualClock(Date.now());
  const write =
    (level: string) =>
    (message: string, fields: LogFields): void => {
      lines.push({ level, message, ...fields });
    };
  const logger = {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
  };
  const metrics = {
    addDimension: (name: string, value: string) => {
      dimensions[name] = value;
    },
    addMetric: (name: string, _unit: string, value: number) => {
      counts[name] = (counts[name] ?? 0) + value;
    },
    publishStoredMetrics: () => undefined,
  };
  const options = { sqsClient: sqs as never, logger, metrics, clock, random: () => 0.5 };
  return { sqs, lines, counts, dimensions, clock, options };
}

const settings = {
  name: 'billing',
  dedupeWindowMs: 60 * 60 * 1000,
  deadLetterQueueUrl: 'https://sqs.invalid/111122223333/billing-dead',
};

/** An inbox over a database in memory: for everything but the database's own behaviour. */
export interface MemoryRig extends Surroundings {
  readonly inbox: Inbox;
  readonly settings: InboxSettings;
  readonly database: MemoryTransactor;
}

export function memoryRig(
  overrides: Partial<InboxSettings> = {},
  options: InboxOptions = {},
): MemoryRig {
  const database = createMemoryTransactor({ inbox: ['pk', 'sk'], orders: ['id'] });
  const around = surroundings();
  const all = { ...settings, tableName: 'inbox', ...overrides };
  const inbox = openInbox(all, { ...around.options, transactor: database, ...options });
  return { ...around, inbox, settings: all, database };
}

/** An inbox over DynamoDB Local with an outbox, and a table of the service's own. */
export interface LocalRig extends Surroundings {
  readonly inbox: Inbox;
  readonly settings: InboxSettings;
  readonly documents: DynamoDBDocumentClient;
  /** Another inbox over the same tables. */
  open(options: InboxOptions): Inbox;
  /** The service's own table. */
  readonly effects: string;
  /** How often an effect that adds one has happened, by its key. */
  effectsOf(pk: string): Promise<number>;
  rowsOf(tableName: string | undefined): Promise<Row[]>;
}

export async function localRig(): Promise<LocalRig> {
  const client = localClient();
  const documents = DynamoDBDocumentClient.from(client);
  const [tableName, effects, outboxTable] = await Promise.all([
    createKeyedTable(client),
    createKeyedTable(client),
    createOutboxTable(client),
  ]);
  const outbox = {
    tableName: outboxTable,
    shards: 1,
    retentionMs: 86_400_000,
    accepts: [{ maxMessageBytes: 1024 * 1024 }],
  };
  const around = surroundings();
  const all = { ...settings, tableName, outbox };
  const open = (options: InboxOptions): Inbox =>
    openInbox(all, { ...around.options, documentClient: documents, ...options });
  return {
    ...around,
    inbox: open({}),
    open,
    settings: all,
    documents,
    effects,
    effectsOf: async (pk) => {
      const command = new GetCommand({
        TableName: effects,
        Key: { pk, sk: 'effect' },
        ConsistentRead: true,
      });
      return Number((await documents.send(command)).Item?.['count'] ?? 0);
    },
    rowsOf: async (table = '') => {
      const command = new ScanCommand({ TableName: table, ConsistentRead: true });
      return (await documents.send(command)).Items ?? [];
    },
  };
}

/** An update that is not repeatable: it tells how often it happened. */
export function addOne(effects: string, pk: string): Parameters<InboxTransaction['update']>[0] {
  return {
    TableName: effects,
    Key: { pk, sk: 'effect' },
    UpdateExpression: 'ADD #count :one',
    ExpressionAttributeNames: { '#count': 'count' },
    ExpressionAttributeValues: { ':one': 1 },
  };
}

/** The context of a function that may run so long, by the clock that tests set. */
export function lambdaContext(ms: number): { getRemainingTimeInMillis: () => number } {
  const end = Date.now() + ms;
  return { getRemainingTimeInMillis: () => end - Date.now() };
}

/** What an inbox answers for these records. */
export function givenBack(...records: readonly SqsRecord[]): SqsBatchResponse {
  return { batchItemFailures: records.map(({ messageId }) => ({ itemIdentifier: messageId })) };
}

/** The attributes of what was sent to the dead-letter queue. */
export function reasonsIn({ sqs }: Surroundings): Record<string, string | undefined>[] {
  return sqs.sent.map(({ MessageAttributes = {} }) =>
    Object.fromEntries(
      Object.entries(MessageAttributes).map(([name, { StringValue }]) => [name, StringValue]),
    ),
  );
}
