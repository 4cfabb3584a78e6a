import { pageKeys, type Page } from '../../../lib/table/keys.ts';
import { largestShards, shardsKey, shardsOf } from '../../../lib/table/sweep-notes.ts';
import { contentsOf } from '../../../lib/dynamodb/page-walk.ts';
import type { PageContents, PageChunk, PageWalk } from '../../../lib/table/stores.ts';
import { atOnce, type MemoryTable } from '../../../lib/testing/memory-table.ts';

/** Reading pages of a table in memory bit by bit. */
export function createMemoryPageWalk(
  table: MemoryTable,
  { shards: ownShards, chunkSize }: { shards: number; chunkSize: number },
): PageWalk {
  const contents = (page: Page, shards: number): PageContents =>
    contentsOf(pageKeys(page, shards).flatMap((pk) => table.query(pk)));
  return {
    noteShards: (shards) =>
      atOnce(() => {
        const largest = Math.max(shards, shardsOf(table.get(shardsKey())));
        table.put({ ...shardsKey(), [largestShards]: largest });
        return largest;
      }),
    openPage: (page, shards) =>
      atOnce(() => {
        const { receipts, ...rest } = contents(page, shards);
        return { receipts, chunks: chunksOf(rest, chunkSize) };
      }),
    readReceipts: (page) => atOnce(() => contents(page, ownShards).receipts),
  };
}

async function* chunksOf(
  { entries, invalid }: PageChunk,
  size: number,
): AsyncGenerator<PageChunk, undefined> {
  if (invalid.length > 0) yield { entries: [], invalid };
  for (let at = 0; at < entries.length; at += size) {
    // A part is read when it is asked for: others may act in between.
    await Promise.resolve();
    yield { entries: entries.slice(at, at + size), invalid: [] };
  }
}
