import { missingOf, settledBy, sizeOf } from '../sweeper/probe.ts';
import { pageAfter, pageOf, pagesBetween, type Page } from '../table/keys.ts';
import { lagFreshMs } from '../table/page-times.ts';
import type { SweepReport, SweepStore } from '../table/stores.ts';
import type { Lag } from '../table/sweep-notes.ts';
import { waitingStates, type WaitingState } from '../table/waiting.ts';
import { select } from './selection.ts';

/** How an outbox is doing, as far as its table tells. */
export interface Overview {
  readonly inFlight: InFlight;
  /** How many wait, by state. */
  readonly waiting: WaitingCounts;
  /** When the longest parked entry was parked, epoch milliseconds. */
  readonly parkedSince?: number;
  /** How far the relay is behind, where it says so. */
  readonly lag?: Lag;
  /** What the last sweeps found, newest first. */
  readonly sweeps: readonly SweepReport[];
}

/** How many wait: each counts in its state, and also as `discarding` where its skip notice is not delivered yet. */
export type WaitingCounts = Readonly<Record<WaitingState | 'discarding', number>>;

const sweepsShown = 5;

/** Looks at an outbox table. Reads only. */
export async function lookOver(
  store: SweepStore,
  { now, shards }: { now: number; shards: number },
): Promise<Overview> {
  const waiting = await countByState(store);
  const parkedSince = waiting.parked === 0 ? undefined : await firstParkedAt(store, now);
  const lag = await store.readLag(now - lagFreshMs);
  return {
    inFlight: await findInFlight(store, { now, shards }),
    waiting,
    ...(parkedSince === undefined ? {} : { parkedSince }),
    ...(lag === undefined ? {} : { lag }),
    sweeps: await store.readSweeps(sweepsShown),
  };
}

/** How many wait, by state: counted in the index, eventually consistent. Reads the index twice, unless it is empty. */
export async function countByState(
  store: Pick<SweepStore, 'countWaiting' | 'listWaiting'>,
): Promise<WaitingCounts> {
  const counts = await Promise.all(
    waitingStates.map(async (state) => [state, await store.countWaiting(state)] as const),
  );
  const states = counts.filter(([, count]) => count > 0).map(([state]) => state);
  const discarding = await countDiscarding(store, states);
  return { ...(Object.fromEntries(counts) as Record<WaitingState, number>), discarding };
}

async function countDiscarding(
  store: Pick<SweepStore, 'listWaiting'>,
  states: readonly WaitingState[],
): Promise<number> {
  let count = 0;
  for await (const { discard } of select(store, { states })) if (discard !== undefined) count += 1;
  return count;
}

async function firstParkedAt(store: SweepStore, now: number): Promise<number | undefined> {
  for await (const [first] of store.listWaiting('parked', now)) return first?.dueAt;
  return undefined;
}

/** Entries that are written and have no receipt yet. */
interface InFlight {
  readonly entries: number;
  /** The first page that holds one. */
  readonly oldestPage?: Page;
  readonly pagesRead: number;
  /** Pages between the first and the last that were read, and were not. */
  readonly pagesLeftOut: number;
}

/** Pages that are read at most: the oldest of those not settled, and the newest. */
const mostOldPages = 120;
const mostNewPages = 5;

/**
 * Counts what is in flight, from the sweeper's watermark on: before it everything is settled.
 *
 * Reads the pages whole, which after a long outage would be very many: then those in the middle are left out.
 */
export async function findInFlight(
  store: SweepStore,
  { now, shards }: { now: number; shards: number },
): Promise<InFlight> {
  const from = await firstPage(store, now);
  const { pages, leftOut } = pagesToRead(from, now);
  let entries = 0;
  let oldestPage: Page | undefined;
  for (const page of pages) {
    const unsettled = await countUnsettled(page, shards, store);
    entries += unsettled;
    if (unsettled > 0) oldestPage ??= page;
  }
  return {
    entries,
    ...(oldestPage === undefined ? {} : { oldestPage }),
    pagesRead: pages.length,
    pagesLeftOut: leftOut,
  };
}

/** Where no sweeper ever ran, only the newest pages are looked at. */
async function firstPage(store: SweepStore, now: number): Promise<Page> {
  const newest = pageAfter(pageOf(now), 1 - mostNewPages);
  return (await store.readWatermark('missed'))?.page ?? newest;
}

function pagesToRead(from: Page, now: number): { pages: Page[]; leftOut: number } {
  const all = [...pagesBetween(from, pageAfter(pageOf(now), 1))];
  if (all.length <= mostOldPages + mostNewPages) return { pages: all, leftOut: 0 };
  const pages = [...all.slice(0, mostOldPages), ...all.slice(-mostNewPages)];
  return { pages, leftOut: all.length - pages.length };
}

async function countUnsettled(page: Page, shards: number, store: SweepStore): Promise<number> {
  const { receipts, chunks } = await store.openPage(page, shards);
  const settled = settledBy(receipts);
  let unsettled = 0;
  for await (const chunk of chunks) unsettled += sizeOf(missingOf(chunk, settled));
  return unsettled;
}
