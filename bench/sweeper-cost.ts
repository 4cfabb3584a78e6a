import { entryToRow, type Entry } from '../lib/table/entry.ts';
import { pageAfter, pageOf, pageStart, type Page } from '../lib/table/keys.ts';
import { receiptsFor } from '../lib/delivery/deliver.ts';
import { putAll } from '../lib/dynamodb/outbox-table.ts';
import { toItem } from '../lib/dynamodb/items.ts';
import { newId } from '../lib/core/system.ts';
import { createVirtualClock } from '../lib/testing/virtual-clock.ts';
import { createOutboxTable } from '../test/support/create-tables.ts';
import { startDynamoDBLocal } from '../test/support/dynamodb-local.ts';
import { counting, type Consumption } from './counting.ts';
import type { Figure } from './figure.ts';
import { backlog, retentionMs, shards } from './fixtures.ts';
import { idleFigures } from './idle-cost.ts';
import { createStub } from './stub.ts';
import { invocation, sweeperOf } from './sweeping.ts';

const minuteMs = 60_000;
const idleRuns = 5;
/** Entries of a page; the relay settled them a hundred at a time. */
const perPage = 1_000;
const perReceipt = 100;
const pagesAround = 10;

type World = Awaited<ReturnType<typeof openWorld>>;

/** What a sweeper that keeps up reads and writes, as DynamoDB Local counts it. */
export async function measureSweepCost(): Promise<Figure[]> {
  const local = await startDynamoDBLocal();
  try {
    const world = await openWorld(local.client());
    const idle = await emptyMinute(world);
    const looks = await settledPage(world, idle);
    const stuck = await stuckEntry(world, idle);
    return [
      {
        what: `read units of both looks at a page of ${perPage} settled entries`,
        measured: looks.readUnits / perPage,
        unit: 'per 1 KB event',
      },
      {
        what: 'requests of both looks',
        measured: looks.requests,
        unit: `per page, with ${shards} shards`,
      },
      {
        what: `requests for one stuck entry among ${perPage * pagesAround} published`,
        measured: stuck.requests,
        unit: 'beyond an empty run',
        // A second look at its page, its lease taken and given back, and its receipt; with one to spare.
        target: { atMost: shards + 4 },
      },
      ...(await idleFigures(idle)),
    ];
  } finally {
    await local.stop();
  }
}

async function openWorld(bare: Parameters<typeof counting>[0]) {
  const { client, during } = counting(bare);
  const tableName = await createOutboxTable(client);
  const clock = createVirtualClock(pageStart(pageOf(Date.now())));
  const { eventBridge } = createStub();
  const { store, sweep } = sweeperOf({ dynamoDB: client, tableName, eventBridge, clock });
  /** A run of a sweeper that ran a minute ago too: it has one page to look at, and one to close. */
  const run = async (): Promise<Consumption> => {
    await store.advanceWatermark('missed', pageAfter(pageOf(clock.now()), -3), shards);
    await store.advanceWatermark('closing', pageAfter(pageOf(clock.now()), -25 * 60 - 1), shards);
    return during(() => sweep(invocation));
  };
  const look = (page: Page): Promise<Consumption> => during(() => store.openPage(page, shards));
  const write = async (entries: readonly Entry[]): Promise<void> => {
    const rows = entries.map((entry) => toItem(entryToRow(entry, { shards, retentionMs })));
    await putAll({ client, tableName, clock, random: Math.random }, rows);
  };
  const settle = async (entries: readonly Entry[]): Promise<void> => {
    for (let at = 0; at < entries.length; at += perReceipt) {
      const batch = { entries: entries.slice(at, at + perReceipt), invalidRows: [] };
      await store.addReceipts(receiptsFor('published', batch, { clock, newId, retentionMs }));
    }
  };
  return { clock, run, look, write, settle };
}

/** The mean of some runs that find nothing. */
async function emptyMinute({ clock, run }: World): Promise<Consumption> {
  // The first notes what later ones find.
  await run();
  const total = { requests: 0, readUnits: 0, writeUnits: 0 };
  for (let count = 0; count < idleRuns; count++) {
    clock.advance(minuteMs);
    add(total, await run(), 1 / idleRuns);
  }
  return total;
}

/** What the missed and the closing look at a page consume. */
async function settledPage(world: World, idle: Consumption): Promise<Consumption> {
  const { clock, run, look, write, settle } = world;
  const page = pageOf(clock.now());
  const entries = backlog([page], perPage);
  await write(entries);
  await settle(entries);
  const total = { requests: 0, readUnits: 0, writeUnits: 0 };
  for (const ageMs of [3 * minuteMs, (25 * 60 + 1) * minuteMs]) {
    clock.advance(pageStart(page) + ageMs - clock.now());
    add(total, await run(), 1);
    add(total, idle, -1);
    // Which the empty run had in its place.
    add(total, await look(pageAfter(page, 1)), 1);
  }
  return total;
}

/** What finding and settling one entry consumes, beyond an empty run, that the relay left among many. */
async function stuckEntry(world: World, idle: Consumption): Promise<Consumption> {
  const { clock, run, write, settle } = world;
  const pages = Array.from({ length: pagesAround }, (_, index): Page =>
    pageAfter(pageOf(clock.now()), index),
  );
  for (const page of pages) {
    const entries = backlog([page], perPage);
    await write(entries);
    await settle(page === pages.at(-1) ? entries.slice(1) : entries);
  }
  clock.advance(pageStart(pages.at(-1) ?? '') + 3 * minuteMs - clock.now());
  const found = { requests: 0, readUnits: 0, writeUnits: 0 };
  add(found, await run(), 1);
  add(found, idle, -1);
  return found;
}

type Total = { -readonly [K in keyof Consumption]: Consumption[K] };

function add(total: Total, consumption: Consumption, times: number): void {
  total.requests += consumption.requests * times;
  total.readUnits += consumption.readUnits * times;
  total.writeUnits += consumption.writeUnits * times;
}
