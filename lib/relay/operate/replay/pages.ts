import type { ArchivedEntry } from '../../../contract/archive-line.ts';
import type { Entry } from '../../../contract/entry.ts';
import type { Page } from '../../../contract/keys.ts';
import type { Receipt, ReceiptOutcome } from '../../../contract/receipt.ts';
import type { OperateStore } from '../../operate-store.ts';
import type { PageChunk } from '../../sweep-store.ts';
import { outcomesOf, replayableOf, type Replayable } from './replayable.ts';
import { isAskedFor, type ReplayRequest } from './request.ts';

/** Pages that were copied out of the table before they expired. */
export interface ArchivedPages {
  /** The first page of the first hour that is there; `undefined` where none is. */
  firstPage(): Promise<Page | undefined>;
  /** A page's entries with what became of each in the end, in parts; each entry once. */
  readPage(page: Page): AsyncIterable<readonly ArchivedEntry[]>;
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
    for await (const archived of source.archive?.readPage(page) ?? []) {
      const meant = archived.filter(({ entry }) => isAskedFor(entry, request));
      const entries = meant.map(({ entry }) => entry);
      yield replayableOf(entries, outcomesIn(meant), { page, now });
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

/** What is unknown is left out: it is taken as of an entry whose receipt has expired. */
function outcomesIn(archived: readonly ArchivedEntry[]): Map<string, ReceiptOutcome> {
  return new Map(
    archived.flatMap(({ entry: { id }, outcome }) =>
      outcome === 'unknown' ? [] : [[id, outcome] as const],
    ),
  );
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
