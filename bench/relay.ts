import { PutEventsCommand } from '@aws-sdk/client-eventbridge';

import type { Entry } from '../lib/table/entry.ts';
import { toMessageJson } from '../lib/table/message.ts';
import { createEventBusDestination } from '../lib/delivery/destinations/event-bus.ts';
import { createDynamoDBStore } from '../lib/dynamodb/outbox-store.ts';
import { createRelay } from '../lib/delivery/relay.ts';
import { newId, systemClock } from '../lib/core/system.ts';
import { median, type Figure } from './figure.ts';
import { batches, kilobyteEntry, retentionMs, shards } from './fixtures.ts';
import { createStub, type Stub } from './stub.ts';

const batchSize = 100;
const entriesPerRun = 10_000;
const runs = 7;
const invocation = { getRemainingTimeInMillis: () => 60_000 };
const silent = () => undefined;

type Batches = ReturnType<typeof batches>;

/** Calls per thousand events, and the relay's rate beside the bare SDK's on a stub that answers at once. */
export async function measureRelay(): Promise<Figure[]> {
  const entries = Array.from({ length: entriesPerRun }, (_, index) => kilobyteEntry(index));
  const records = batches(entries, batchSize);
  const ours: number[] = [];
  const bare: number[] = [];
  // In turn, so that a drift of the machine's speed meets both. The first of each warms up.
  for (let run = 0; run <= runs; run++) {
    ours.push(await rateOf(() => relayAll(records, createStub())));
    bare.push(await rateOf(() => publishBare(entries, createStub())));
  }
  const ratios = ours.slice(1).map((rate, run) => rate / (bare[run + 1] ?? Number.NaN));
  return [
    {
      what: 'API calls of the relay (bus)',
      measured: await callsPerThousand(records.slice(0, 10)),
      unit: 'per 1,000 events',
      target: { atMost: 115 },
    },
    {
      what: 'entries of the relay on a stub',
      measured: Math.round(median(ours.slice(1))),
      unit: 'per second',
    },
    {
      what: 'entries of the bare SDK on it',
      measured: Math.round(median(bare.slice(1))),
      unit: 'per second',
    },
    {
      what: 'relay beside the bare SDK',
      measured: median(ratios),
      unit: 'of its rate',
      target: { atLeast: 0.85 },
    },
  ];
}

async function callsPerThousand(records: Batches): Promise<number> {
  const stub = createStub();
  await relayAll(records, stub);
  return [...stub.calls.values()].reduce((sum, calls) => sum + calls, 0);
}

/** Entries per second. */
async function rateOf(work: () => Promise<void>): Promise<number> {
  const start = performance.now();
  await work();
  return (entriesPerRun / (performance.now() - start)) * 1000;
}

async function relayAll(records: Batches, { eventBridge, dynamoDB }: Stub): Promise<void> {
  const relay = createRelay({
    store: createDynamoDBStore({ client: dynamoDB, tableName: 'outbox', shards }),
    destinations: [
      createEventBusDestination(
        { name: 'bus', kind: 'bus', target: 'bus', ordered: false },
        eventBridge,
      ),
    ],
    clock: systemClock,
    random: Math.random,
    newId,
    log: { debug: silent, info: silent, warn: silent, error: silent },
    meter: { count: silent, time: silent },
    retentionMs,
    source: 'orders',
    maxAttempts: 5,
  });
  for (const Records of records) await relay({ Records }, invocation);
}

/** The same entries in the same calls, as parallel, and nothing else: no decoding, no receipts. */
async function publishBare(entries: readonly Entry[], { eventBridge }: Stub): Promise<void> {
  for (let at = 0; at < entries.length; at += batchSize) {
    const batch = entries.slice(at, at + batchSize);
    await Promise.all(
      Array.from({ length: batchSize / 10 }, (_, call) => {
        const Entries = batch.slice(call * 10, call * 10 + 10).map((entry) => ({
          EventBusName: 'bus',
          Source: 'orders',
          DetailType: entry.type,
          Detail: toMessageJson(entry, 'orders'),
        }));
        return eventBridge.send(new PutEventsCommand({ Entries }));
      }),
    );
  }
}
