import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';

import { defineEvent, type Inbox, type InboxTransaction } from '../lib/runtime.ts';
import { openInbox } from '../lib/inbox/inbox.ts';
import { messageOf, sqsEventOf, type Message } from '../lib/testing.ts';
import { createKeyedTable } from '../test/support/create-tables.ts';
import { startDynamoDBLocal } from '../test/support/dynamodb-local.ts';
import { counting, type Consumption } from './counting.ts';
import { median, type Figure } from './figure.ts';
import { assumedLatency, assumedMs, createStub, type StubOptions } from './stub.ts';

const Placed = defineEvent('order.placed', {
  aggregateType: 'order',
  schema: z.object({ text: z.string() }),
});

/** What a transaction takes for the one small item that a handler writes: none of the inbox's doing. */
const effectUnits = 2;
const perMeasurement = 20;

interface InboxTarget {
  readonly client: DynamoDBClient;
  readonly tableName: string;
  readonly isOrdered: boolean;
}

/** What consuming costs for each way of it, and what order costs in speed. */
export async function measureInbox(): Promise<Figure[]> {
  return [...(await measureCosts()), ...(await measureRates())];
}

/** What a message costs beyond the effect of its handler, as DynamoDB Local counts it. */
async function measureCosts(): Promise<Figure[]> {
  const local = await startDynamoDBLocal();
  try {
    const { client, during } = counting(local.client());
    const tableName = await createKeyedTable(client);
    const plain = inboxOver({ client, tableName, isOrdered: false });
    const ordered = inboxOver({ client, tableName, isOrdered: true });
    const effect = effectIn(tableName);
    const handlers = {
      'in a transaction': { inbox: plain.on(Placed, effect), effects: 1 },
      'under a lease': {
        inbox: plain.on(Placed, () => undefined, { idempotency: 'lease' }),
        effects: 0,
      },
      'under a lease, with an effect': {
        inbox: plain.on(Placed, effect, { idempotency: 'lease' }),
        effects: 1,
      },
      'in sequence': { inbox: ordered.on(Placed, effect), effects: 1 },
      'in sequence, without a handler': { inbox: ordered, effects: 0 },
    };
    const figures: Figure[] = [];
    for (const [way, { inbox, effects }] of Object.entries(handlers)) {
      const used = await during(() => handleEach(inbox, freshMessages()));
      figures.push(...costOf(`a message ${way}`, used, effects));
    }
    const { inbox } = handlers['in sequence'];
    const early = await during(() => handleEach(inbox, freshMessages().flatMap(inReverse)));
    return [...figures, ...costOf('an early message and the one before it', early, 2)];
  } finally {
    await local.stop();
  }
}

function costOf(what: string, used: Consumption, effects: number): Figure[] {
  const each = (total: number): number => total / perMeasurement;
  return [
    {
      what: `write units of ${what}`,
      measured: each(used.writeUnits) - effects * effectUnits,
      unit: 'beyond the effect',
    },
    { what: `read units of ${what}`, measured: each(used.readUnits), unit: '' },
    { what: `API calls of ${what}`, measured: each(used.requests), unit: '' },
  ];
}

const runs = 5;
const perRun = 2_000;
const batchSize = 10;

/** Ordered beside unordered: first of aggregates that nobody competes for, one batch after the other. */
async function measureRates(): Promise<Figure[]> {
  const atOnce = await ratesOn({});
  const delayed = await ratesOn({ latency: assumedLatency });
  return [
    ...rateFigures('on a stub', atOnce),
    ...rateFigures(`on a stub, calls taking ${assumedMs.table} ms`, delayed),
  ];
}

interface Rates {
  readonly unordered: number;
  readonly ordered: number;
}

function rateFigures(where: string, { unordered, ordered }: Rates): Figure[] {
  const unit = 'per second';
  return [
    { what: `messages of an unordered inbox ${where}`, measured: Math.round(unordered), unit },
    { what: `messages of an ordered inbox ${where}`, measured: Math.round(ordered), unit },
    {
      what: `ordered beside unordered ${where}`,
      measured: ordered / unordered,
      unit: 'of its rate',
    },
  ];
}

async function ratesOn(options: StubOptions): Promise<Rates> {
  const rates: Rates[] = [];
  // In turn, so that a drift of the machine's speed meets both. The first of each warms up.
  for (let run = 0; run <= runs; run++) {
    const target = { client: createStub(options).dynamoDB, tableName: 'inbox' };
    rates.push({
      unordered: await rateOf(inboxOver({ ...target, isOrdered: false })),
      ordered: await rateOf(inboxOver({ ...target, isOrdered: true })),
    });
  }
  const measured = rates.slice(1);
  return {
    unordered: median(measured.map(({ unordered }) => unordered)),
    ordered: median(measured.map(({ ordered }) => ordered)),
  };
}

async function rateOf(inbox: Inbox): Promise<number> {
  const handler = inbox.on(Placed, effectIn('effects'));
  const batches = Array.from({ length: perRun / batchSize }, (_, batch) =>
    sqsEventOf(Array.from({ length: batchSize }, (__, index) => messageAt(`${batch}-${index}`, 1))),
  );
  const start = performance.now();
  for (const batch of batches) await handler(batch);
  return (perRun / (performance.now() - start)) * 1000;
}

function inboxOver({ client, tableName, isOrdered }: InboxTarget): Inbox {
  const silent = () => undefined;
  const queueUrl = 'https://sqs.invalid/111122223333/inbox';
  const settings = {
    name: isOrdered ? 'ordered' : 'plain',
    tableName,
    dedupeWindowMs: 24 * 3_600_000,
    deadLetterQueueUrl: queueUrl,
    ...(isOrdered ? { ordered: { queueUrl, adoptWaitMs: 60_000, replayWaitMs: 900_000 } } : {}),
  };
  return openInbox(settings, {
    documentClient: DynamoDBDocumentClient.from(client),
    logger: { debug: silent, info: silent, warn: silent, error: silent },
    metrics: { addDimension: silent, addMetric: silent, publishStoredMetrics: silent },
  });
}

function effectIn(tableName: string) {
  return ({ id }: { id: string }, tx: InboxTransaction): void => {
    tx.put({ TableName: tableName, Item: { pk: `effect#${id}`, sk: 'effect' } });
  };
}

let orders = 0;

/** The first message of aggregates that nobody has seen. */
function freshMessages(): Message[] {
  return Array.from({ length: perMeasurement }, () => messageAt(`order-${++orders}`, 1));
}

/** The second message of an aggregate, then its first. */
function inReverse(first: Message): Message[] {
  return [messageAt(first.subject.slice('order/'.length), 2), first];
}

/** A message of about half a kilobyte. */
function messageAt(order: string, sequence: number): Message {
  return messageOf(Placed(order, { text: 'x'.repeat(200) }), { sequence });
}

/** Each in an invocation of its own. */
async function handleEach(inbox: Inbox, messages: readonly Message[]): Promise<void> {
  for (const message of messages) {
    const { batchItemFailures } = await inbox(sqsEventOf([message]));
    if (batchItemFailures.length > 0) throw new Error(`message ${message.id} was given back`);
  }
}
