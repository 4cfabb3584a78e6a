import { pageAfter, pageOf, pagesBetween, type Page } from '../table/keys.ts';
import type { SweepStore } from '../table/sweep-store.ts';
import { settledBy } from './settled.ts';

/** Entries that are written and have no receipt yet. */
export interface InFlight {
  readonly entries: number;
  /** The first page that holds one. */
  readonly oldestPage?: Page;
  readonly pagesRead: number;
  /** Pages between the first and the last that were read, and were not. */
  readonly pagesLeftOut: number;
}

/** Pages that are read at the most: the oldest of those not settled, and the newest. */
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
  for await (const { entries, invalid } of chunks) {
    const names = [...entries.map(({ id }) => id), ...invalid.map(({ key }) => key.sk)];
    unsettled += names.filter((name) => !settled.has(name)).length;
  }
  return unsettled;
}
