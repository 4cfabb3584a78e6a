import { pageAfter, pageOf } from '../lib/table/keys.ts';
import { toItem } from '../lib/dynamodb/items.ts';
import { putAll } from '../lib/dynamodb/outbox-table.ts';
import { entryToRow } from '../lib/table/entry.ts';
import { systemClock } from '../lib/core/system.ts';
import { createOutboxTable } from '../test/support/create-tables.ts';
import { startDynamoDBLocal } from '../test/support/dynamodb-local.ts';
import { median, type Figure } from './figure.ts';
import { backlog, retentionMs, shards } from './fixtures.ts';
import { assumedLatency, assumedMs, createStub, type StubOptions } from './stub.ts';
import { answersOf } from './stub-table.ts';
import { invocation, sweeperOf, type SweepTarget } from './sweeping.ts';

const runs = 5;
const onStub = { pages: 20, perPage: 1_000 };
const onLocal = { pages: 4, perPage: 500 };

/** How fast one sweeper settles a backlog that no relay touched. */
export async function measureSweepRate(): Promise<Figure[]> {
  const atOnce = await rateOnStub({});
  const delayed = await rateOnStub({ latency: assumedLatency });
  return [
    {
      what: 'missed entries of a sweeper on a stub',
      measured: atOnce,
      unit: 'per second',
      target: { atLeast: 2_000 },
    },
    {
      what: `the same, calls taking ${assumedMs.table} ms (table) and ${assumedMs.bus} ms (bus)`,
      measured: delayed,
      unit: 'per second',
    },
    {
      what: 'the same on DynamoDB Local, far slower than DynamoDB',
      measured: await rateOnLocal(),
      unit: 'per second',
    },
  ];
}

async function rateOnStub(options: StubOptions): Promise<number> {
  const { pages, entries } = missedEntries(onStub);
  const answers = answersOf({ createdAt: pages[0] ?? '', entries }) ?? {};
  const rates: number[] = [];
  // The first warms up.
  for (let run = 0; run <= runs; run++) {
    const stub = createStub({ ...options, answers });
    rates.push(await rateOf({ ...stub, tableName: 'outbox' }, entries.length));
  }
  return Math.round(median(rates.slice(1)));
}

async function rateOnLocal(): Promise<number> {
  const local = await startDynamoDBLocal();
  try {
    const client = local.client();
    const tableName = await createOutboxTable(client);
    const { pages, entries } = missedEntries(onLocal);
    const rows = entries.map((entry) => toItem(entryToRow(entry, { shards, retentionMs })));
    await putAll({ client, tableName, clock: systemClock, random: Math.random }, rows);
    const target = { dynamoDB: client, tableName, eventBridge: createStub().eventBridge };
    await sweeperOf(target).store.advanceWatermark('missed', pages[0] ?? '', shards);
    return Math.round(await rateOf(target, entries.length));
  } finally {
    await local.stop();
  }
}

function missedEntries({ pages: count, perPage }: { pages: number; perPage: number }) {
  const last = pageAfter(pageOf(Date.now()), -3);
  const pages = Array.from({ length: count }, (_, index) => pageAfter(last, index + 1 - count));
  return { pages, entries: backlog(pages, perPage) };
}

async function rateOf(target: SweepTarget, entries: number): Promise<number> {
  const start = performance.now();
  const { missed } = await sweeperOf(target).sweep(invocation);
  const seconds = (performance.now() - start) / 1000;
  if (missed !== entries) throw new Error(`settled ${missed} of ${entries} entries`);
  return entries / seconds;
}
