import type { Entry } from '../../../contract/entry.ts';
import type { Page } from '../../../contract/keys.ts';
import type { Receipt } from '../../../contract/receipt.ts';
import type { OperateStore } from '../../operate-store.ts';
import type { PageChunk } from '../../sweep-store.ts';
import { outcomesOf, replayableOf, type Replayable } from './replayable.ts';
import { isAskedFor, type ReplayRequest } from './request.ts';

/** Pages that were moved out of the table before they expired. */
export interface ArchivedPages {
  /** The first page that is there; `undefined` where none is. */
  firstPage(): Promise<Page | undefined>;
  /** A page's entries that were published, in parts. */
  readEntries(page: Page): AsyncIterable<readonly Entry[]>;
}

/** Where a replay reads. */
export interface ReplaySource {
  readonly store: OperateStore;
  /** Numbers of shards that writers used in that time. */
  readonly shardCounts: readonly number[];
  /** The first page that the table surely still has whole. */
  readonly firstKeptPage: Page;
  readonly archive?: ArchivedPages;
}

/** What is to be replayed of a page, in parts, each aggregate's in the order of the ids. */
export async function* readReplayable(
  page: Page,
  request: ReplayRequest,
  { source, now }: { source: ReplaySource; now: number },
): AsyncGenerator<Replayable[]> {
  if (page < source.firstKeptPage) {
    for await (const entries of source.archive?.readEntries(page) ?? []) {
      yield entries.filter((entry) => isAskedFor(entry, request)).map((entry) => ({ entry }));
    }
    return;
  }
  const { receipts, parts } = await openKept(page, request, source);
  const outcomes = outcomesOf(receipts);
  for await (const entries of parts) {
    const meant = entries.filter((entry) => isAskedFor(entry, request));
    yield replayableOf(meant, outcomes, { page, now });
  }
}

interface KeptPage {
  readonly receipts: readonly Receipt[];
  readonly parts: AsyncIterable<readonly Entry[]> | readonly (readonly Entry[])[];
}

/** One aggregate lies in one shard of a page: the others are not asked for it. */
async function openKept(
  page: Page,
  { aggregate }: ReplayRequest,
  { store, shardCounts }: ReplaySource,
): Promise<KeptPage> {
  if (aggregate === undefined) {
    const { receipts, chunks } = await store.openPage(page, Math.max(...shardCounts));
    return { receipts, parts: entriesOf(chunks) };
  }
  const entries = await store.readHistory(aggregate, page, shardCounts);
  return entries.length === 0
    ? { receipts: [], parts: [] }
    : { receipts: await store.readReceipts(page), parts: [entries] };
}

async function* entriesOf(chunks: AsyncIterable<PageChunk>): AsyncGenerator<readonly Entry[]> {
  for await (const { entries } of chunks) yield entries;
}
