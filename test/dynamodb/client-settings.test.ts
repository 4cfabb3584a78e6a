import { DeleteTableCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import {
  DynamoDBDocumentClient,
  GetCommand,
  NumberValue,
  ScanCommand,
} from '@aws-sdk/lib-dynamodb';
import type { marshallOptions, unmarshallOptions } from '@aws-sdk/util-dynamodb';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { waitingKey } from '../../lib/table/keys.ts';
import { receiptsFor } from '../../lib/delivery/deliver.ts';
import { createDynamoDBStore } from '../../lib/dynamodb/outbox-store.ts';
import { openInbox } from '../../lib/inbox/inbox.ts';
import { toItemKey } from '../../lib/dynamodb/items.ts';
import { openReconciliation } from '../../lib/reconciliation/reconciliation.ts';
import { openSaga } from '../../lib/saga/create-saga.ts';
import { newId } from '../../lib/core/system.ts';
import { openOutbox } from '../../lib/outbox/outbox.ts';
import { OutboxError, type InboxOptions, type OutboxEvent } from '../../lib/runtime.ts';
import { createVirtualClock, messageOf, sqsEventOf, type Message } from '../../lib/testing.ts';
import { OrderPlaced, OrderShipped, writerConfig } from '../support/orders.ts';
import {
  createKeyedTable,
  createOutboxTable,
  createSagaTable,
  localClient,
} from '../support/tables.ts';
import { recordingLog } from '../support/world.ts';
import * as saga from '../saga/fulfilment.ts';

// What the package does depends on no setting of the caller's document client: each feature that reads rows, with
// every form of unmarshallOptions and marshallOptions.

const day = 24 * 3_600_000;

/** Options as callers write them. Each call makes an object of its own: the SDK writes into it. */
const unmarshallings: readonly (() => unmarshallOptions | undefined)[] = [
  () => undefined,
  () => ({}),
  () => ({ wrapNumbers: false }),
  () => ({ wrapNumbers: true }),
  () => ({ wrapNumbers: BigInt }),
  () => ({ wrapNumbers: (text) => `number ${text}` }),
  () => ({
    wrapNumbers: () => {
      throw new Error('no number for you');
    },
  }),
];
const marshallings: readonly (() => marshallOptions | undefined)[] = [
  () => undefined,
  () => ({}),
  () => ({ removeUndefinedValues: true }),
  () => ({ convertEmptyValues: true }),
  () => ({ convertClassInstanceToMap: true }),
  () => ({ convertTopLevelContainer: true }),
  () => ({ allowImpreciseNumbers: true }),
];

interface Tables {
  readonly inbox: string;
  readonly outbox: string;
}
let tables: Tables;
const admin = localClient();
const plain = DynamoDBDocumentClient.from(admin);

beforeAll(async () => {
  const [inbox, outbox] = await Promise.all([createKeyedTable(admin), createOutboxTable(admin)]);
  tables = { inbox, outbox };
});
afterAll(async () => {
  for (const TableName of [tables.inbox, tables.outbox]) {
    await admin.send(new DeleteTableCommand({ TableName }));
  }
});

/** What a feature is tried with: a client of the caller's, and names that no other run uses. */
interface Trial {
  readonly client: DynamoDBDocumentClient;
  readonly name: string;
}

let trials = 0;
const nextName = (): string => `trial-${trials++}`;

function inboxParts({ client, name }: Trial) {
  const log = recordingLog();
  const settings = {
    ...{ name, tableName: tables.inbox, dedupeWindowMs: day },
    deadLetterQueueUrl: 'https://sqs.invalid/1/dead',
    outbox: { ...outboxSettings(), shards: 1 },
  };
  const metrics = {
    addDimension: () => undefined,
    addMetric: () => undefined,
    publishStoredMetrics: () => undefined,
  };
  const send = () => Promise.resolve({} as never);
  const options: InboxOptions = {
    documentClient: client,
    logger: log,
    metrics,
    sqsClient: { send },
  };
  return { settings, options, log };
}

const outboxSettings = () =>
  writerConfig(tables.outbox, { shards: 1, accepts: [{ maxMessageBytes: 100_000 }] });

async function codeOf(work: Promise<unknown>): Promise<{ code: unknown; details: unknown }> {
  const error: unknown = await work.then(
    () => 'no error',
    (thrown: unknown) => thrown,
  );
  if (!OutboxError.is(error)) return { code: String(error), details: undefined };
  return { code: error.code, details: error.details };
}

async function underLease(trial: Trial) {
  const { settings, options } = inboxParts(trial);
  const handled: unknown[] = [];
  const inbox = openInbox(settings, options).on(
    OrderPlaced,
    ({ data }) => {
      handled.push(data.total);
      return { charge: data.total };
    },
    { idempotency: 'lease', onDuplicate: (_, result) => void handled.push(result) },
  );
  const message = messageOf(OrderPlaced(trial.name, { total: 7 }));
  const answers = [
    await inbox(sqsEventOf([message])),
    await inbox(sqsEventOf([message], { receiveCount: 2 })),
  ];
  return { handled, failed: answers.flatMap(({ batchItemFailures }) => batchItemFailures) };
}

async function inTransaction(trial: Trial) {
  const { settings, options } = inboxParts(trial);
  const Key = { pk: trial.name, sk: 'total' };
  const inbox = openInbox(settings, options).on(OrderPlaced, ({ data }, tx) => {
    tx.update({
      ...{ TableName: tables.inbox, Key, UpdateExpression: 'ADD #total :total' },
      ExpressionAttributeNames: { '#total': 'total' },
      ExpressionAttributeValues: { ':total': data.total },
    });
  });
  const message = messageOf(OrderPlaced(trial.name, { total: 7 }));
  for (const receiveCount of [1, 1, 2]) await inbox(sqsEventOf([message], { receiveCount }));
  const { Item } = await plain.send(new GetCommand({ TableName: tables.inbox, Key }));
  return Item?.['total'] as unknown;
}

async function inOrder(trial: Trial) {
  const { settings, options, log } = inboxParts(trial);
  const ordered = { queueUrl: 'https://sqs.invalid/1/q', adoptWaitMs: 1, replayWaitMs: 1 };
  const handled: unknown[] = [];
  const inbox = openInbox({ ...settings, ordered }, options).on(
    OrderPlaced,
    ({ sequence, replayId }) => {
      handled.push(replayId === undefined ? sequence : `${replayId}:${sequence}`);
    },
  );
  const events = [1, 2, 3, 4, 5].map((sequence) =>
    OrderPlaced(trial.name, { total: sequence }, { sequence }),
  );
  const arriving = (...sequences: number[]): Message[] =>
    sequences.map((sequence) => messageOf(events[sequence - 1]!));
  const again = events.map((event) => messageOf(event, { replayId: 'again' }));
  const messages = [...arriving(2, 1, 1, 3, 5, 4, 5), ...again];
  const answers = [];
  for (const message of messages) answers.push(await inbox(sqsEventOf([message])));
  return {
    handled,
    failed: answers.flatMap(({ batchItemFailures }) => batchItemFailures),
    errors: log.lines.filter(({ level }) => level === 'error'),
  };
}

async function ofSaga(trial: Trial) {
  const { settings, options, log } = inboxParts(trial);
  const clock = createVirtualClock(Date.now());
  const sagaTableName = await createSagaTable(admin);
  const run = openSaga(
    saga.fulfilment,
    { ...settings, sagaName: 'fulfilment', sagaTableName },
    { ...options, clock },
  );
  const data = { orderId: trial.name };
  const events = [
    saga.OrderPlaced(trial.name, data),
    saga.PaymentTaken(trial.name, data),
    saga.OrderAmended(trial.name, data),
  ];
  const answers = [];
  for (const event of events) answers.push(await run(sqsEventOf([messageOf(event)])));
  clock.advance(2 * day);
  await run({ sagaCheck: true });
  const { Items = [] } = await plain.send(new ScanCommand({ TableName: sagaTableName }));
  const [{ revision, version, state } = {}]: Record<string, unknown>[] = Items;
  const overdue = log.lines.filter(({ fields }) => JSON.stringify(fields).includes(trial.name));
  return {
    failed: answers.flatMap(({ batchItemFailures }) => batchItemFailures),
    ...{ revision, version, state: JSON.parse(String(state)) as unknown },
    isFoundOverdue: overdue.some(({ level }) => level === 'warn' || level === 'error'),
  };
}

async function sequences({ client, name }: Trial) {
  const outbox = openOutbox(outboxSettings(), { documentClient: client });
  const given: unknown[] = [];
  for (let write = 0; write < 3; write++) {
    const event = OrderShipped(name, {}, { sequence: 'next' });
    const { events } = await outbox.write({ events: [event] });
    given.push(...events.map(({ sequence }) => sequence));
  }
  return given;
}

async function cancelling({ client, name }: Trial) {
  const outbox = openOutbox(outboxSettings(), { documentClient: client });
  const deferred = [1, 2].map(() =>
    OrderShipped(name, {}, { deliverAt: new Date(Date.now() + day) }),
  );
  await outbox.write({ events: deferred });
  const [free, begun] = deferred.map(({ id }) => id);
  await admin.send(
    new UpdateItemCommand({
      TableName: tables.outbox,
      Key: toItemKey(waitingKey({ id: begun!, aggregate: '' })),
      UpdateExpression: 'SET #state = :state, attempts = :one',
      ExpressionAttributeNames: { '#state': 'state' },
      ExpressionAttributeValues: { ':state': { S: 'retrying' }, ':one': { N: '1' } },
    }),
  );
  const cancelled = await outbox.write({ events: [], cancel: [free!] });
  const refused = await codeOf(outbox.write({ events: [], cancel: [begun!] }));
  return { notCancelled: cancelled.notCancelled, ...refused };
}

async function allOld({ client, name }: Trial) {
  const outbox = openOutbox(outboxSettings(), { documentClient: client });
  const Key = { pk: name, sk: 'stock' };
  const Item = {
    ...Key,
    left: 3,
    nested: { list: [1.5], large: NumberValue.from('9'.repeat(20)) },
  };
  await outbox.write({ items: [{ Put: { TableName: tables.inbox, Item } }], events: [] });
  const { code, details } = await codeOf(
    outbox.write({
      items: [
        {
          Put: {
            ...{ TableName: tables.inbox, Item: Key },
            ConditionExpression: 'attribute_not_exists(pk)',
            ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
          },
        },
      ],
      events: [],
    }),
  );
  // What the caller's own client makes of the same item; where it throws, plain numbers, and text for large ones.
  const expected = await client
    .send(new GetCommand({ TableName: tables.inbox, Key, ConsistentRead: true }))
    .then(
      (answer) => answer.Item,
      () => ({ ...Item, nested: { list: [1.5], large: '9'.repeat(20) } }),
    );
  return {
    code,
    item: describeTypes((details as { item: unknown }).item),
    expected: describeTypes(expected),
  };
}

/** With each number's type told, so that two of different types differ. */
function describeTypes(value: unknown): unknown {
  if (typeof value === 'bigint') return `bigint ${value}`;
  if (value instanceof NumberValue) return `wrapped ${value.value}`;
  if (Array.isArray(value)) return value.map(describeTypes);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, one]) => [key, describeTypes(one)]));
}

async function reconciling(trial: Trial) {
  const { settings, options } = inboxParts(trial);
  const outboxTable = await createOutboxTable(admin);
  const outboxConfig = { ...outboxSettings(), tableName: outboxTable };
  const clock = createVirtualClock(Date.now());
  const events = ['known', 'unknown'].map((id) => OrderPlaced(`${trial.name}${id}`, { total: 1 }));
  const inOrderToo = [1, 2].map((sequence) =>
    OrderPlaced(`${trial.name}ordered`, { total: 1 }, { sequence }),
  );
  const all: OutboxEvent[] = [...events, ...inOrderToo];
  await openOutbox(outboxConfig, { documentClient: trial.client }).write({ events: all });
  const store = createDynamoDBStore({ client: admin, ...outboxConfig });
  const entries = all.map((event) => ({ ...event, data: '' })) as never;
  const ports = { clock, newId, retentionMs: outboxConfig.retentionMs };
  await store.addReceipts(receiptsFor('published', { entries, invalidRows: [] }, ports));
  const inbox = openInbox(settings, options).on(OrderPlaced, () => undefined);
  await inbox(sqsEventOf([messageOf(events[0]!)]));
  const ordered = { queueUrl: 'https://sqs.invalid/1/q', adoptWaitMs: 1, replayWaitMs: 1 };
  const inSequence = openInbox({ ...settings, ordered }, options).on(OrderPlaced, () => undefined);
  await inSequence(sqsEventOf(inOrderToo.map((event) => messageOf(event))));
  clock.advance(20 * 60_000);
  const run = openReconciliation(
    {
      ...{ name: trial.name, tableName: outboxTable, shards: 1, source: 'orders' },
      ...{ windowMs: 30 * 60_000, mode: 'report', outbox: outboxConfig },
      consumers: [{ inbox: trial.name, tableName: tables.inbox, queueUrl: 'https://sqs.invalid' }],
    },
    { ...options, clock, expectedEvents: () => [events[0]!, OrderPlaced('never', { total: 1 })] },
  );
  const { found, unknown } = await run();
  return { found, isTheUnknownOne: unknown[0]?.eventId === events[1]!.id };
}

const features: readonly {
  readonly name: string;
  readonly run: (trial: Trial) => Promise<unknown>;
  readonly expected: unknown;
}[] = [
  {
    name: 'a lease tells a duplicate of the result before',
    run: underLease,
    expected: { handled: [7, { charge: 7 }], failed: [] },
  },
  { name: 'a transaction handles a message once', run: inTransaction, expected: 7 },
  {
    name: 'an ordered inbox handles each sequence once, and again when it is replayed',
    run: inOrder,
    expected: {
      handled: [1, 2, 3, 4, 5, 'again:1', 'again:2', 'again:3', 'again:4', 'again:5'],
      failed: [],
      errors: [],
    },
  },
  {
    name: 'a saga goes on from its row, and is found when it is overdue',
    run: ofSaga,
    expected: {
      failed: [],
      revision: 3,
      version: 1,
      state: { orderId: expect.any(String) as string, paid: true, steps: 3 },
      isFoundOverdue: true,
    },
  },
  { name: 'a sequence has no hole and no repetition', run: sequences, expected: [1, 2, 3] },
  {
    name: 'a cancellation tells what the event waits as',
    run: cancelling,
    expected: {
      notCancelled: [],
      code: 'EVENT_NOT_DEFERRED',
      details: { events: [{ eventId: expect.any(String) as string, state: 'retrying' }] },
    },
  },
  {
    name: 'a failed condition brings the old item as the client of the caller reads it',
    run: async (trial) => {
      const { code, item, expected } = await allOld(trial);
      expect(item).toEqual(expected);
      return code;
    },
    expected: 'CONDITION_FAILED',
  },
  {
    name: 'a reconciliation finds what is missing and what is unknown, no more',
    run: reconciling,
    expected: { found: { missing: 1, unknown: 1 }, isTheUnknownOne: true },
  },
];

describe('whatever the settings of the document client', () => {
  it.each(features)('$name', async ({ run, expected }) => {
    const settings = fc.tuple(fc.constantFrom(...unmarshallings), fc.constantFrom(...marshallings));
    const examples = unmarshallings.map(
      (reading, index): [[typeof reading, (typeof marshallings)[number]]] => [
        [reading, marshallings[index % marshallings.length]!],
      ],
    );
    await fc.assert(
      fc.asyncProperty(settings, async ([reading, writing]) => {
        const given = { marshallOptions: writing(), unmarshallOptions: reading() };
        const client = DynamoDBDocumentClient.from(localClient(), given as never);

        expect(await run({ client, name: nextName() })).toEqual(expected);

        // The SDK notes its defaults in the caller's objects; nobody else writes there.
        expect(given).toEqual({
          marshallOptions: writing() && { convertTopLevelContainer: true, ...writing() },
          unmarshallOptions: reading() && {
            convertWithoutMapWrapper: true,
            ...reading(),
            ...wrapOf(given),
          },
        });
      }),
      { numRuns: examples.length + 5, examples },
    );
  });
});

/** Functions are equal only to themselves. */
function wrapOf({ unmarshallOptions }: { unmarshallOptions: unmarshallOptions | undefined }) {
  const { wrapNumbers } = unmarshallOptions ?? {};
  return wrapNumbers === undefined ? {} : { wrapNumbers };
}
