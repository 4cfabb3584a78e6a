import { isInvalidEntry, rowToEntry, type Entry } from '../table/entry.ts';
import { pageAfter, pageKeys, pageOf, pagesBetween, type Page } from '../table/keys.ts';
import { ownLimits } from '../core/limits.ts';
import { isReceiptRow, rowToReceipt } from '../table/receipt.ts';
import { shardsKey, shardsOf } from '../table/shards.ts';
import type { TableReader } from './table-reader.ts';
import type { ReconciliationWindow } from './window.ts';

/** What was written in one minute. */
export interface WrittenPage {
  readonly entries: readonly Entry[];
  /** When each event was published everywhere, by its id; epoch milliseconds. */
  readonly publishedAt: ReadonlyMap<string, number>;
}

/**
 * The pages in which events lie that belong to items of a window. An event's id may be so much older or newer than its
 * write, and writers' clocks differ.
 */
export function pagesOf({ from, to }: ReconciliationWindow): Page[] {
  const first = pageOf(from - ownLimits.maxEventAgeMs);
  const last = pageOf(to + ownLimits.maxEventAgeMs);
  return [...pagesBetween(first, pageAfter(last, 1))];
}

/** The outbox that is read. */
export interface ReadOutbox {
  readonly tableName: string;
  readonly shards: number;
  readonly reader: TableReader;
}

/** The largest number of shards ever in use: pages written with more must be read whole too. */
export async function shardsEver({ tableName, shards, reader }: ReadOutbox): Promise<number> {
  const [noted] = await reader.readRows(tableName, [shardsKey()]);
  return Math.max(shards, shardsOf(noted));
}

/** Reads a page whole, all its shards at once. Rows that are neither entry nor receipt are passed by. */
export async function readPage(
  page: Page,
  { tableName, shards, reader }: ReadOutbox,
): Promise<WrittenPage> {
  const partitions = await Promise.all(
    pageKeys(page, shards).map((pk) => reader.readPartition(tableName, pk)),
  );
  const rows = partitions.flat();
  const published = rows
    .filter(isReceiptRow)
    .map(rowToReceipt)
    .filter(({ outcome }) => outcome === 'published');
  return {
    entries: rows.map(rowToEntry).flatMap((entry) => (isInvalidEntry(entry) ? [] : [entry])),
    publishedAt: new Map(
      published.flatMap(({ eventIds, time }) => eventIds.map((id) => [id, time] as const)),
    ),
  };
}
