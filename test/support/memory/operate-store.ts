import type { Row } from '../../../lib/table/entry.ts';
import {
  counterKey,
  deferredEntryPrefix,
  entryPrefix,
  holdKey,
  pageKey,
  pageKeys,
  pageOf,
  receiptPrefix,
  sortKeysSince,
  timeOfId,
} from '../../../lib/table/keys.ts';
import { shardOf } from '../../../lib/core/collections.ts';
import {
  replayKey,
  replayKeys,
  replayToRow,
  rowToReplay,
  type ReplayNote,
} from '../../../lib/table/replay.ts';
import { shardsKey, shardsOf } from '../../../lib/table/sweep-notes.ts';
import { rowToWaiting } from '../../../lib/table/waiting.ts';
import { toRow, type Item } from '../../../lib/dynamodb/items.ts';
import { contentsOf } from '../../../lib/dynamodb/page-walk.ts';
import type {
  LineLookup,
  OperateStore,
  PageLookup,
  ReplayNotes,
} from '../../../lib/table/stores.ts';
import { atOnce, type MemoryTable } from '../../../lib/testing/memory-table.ts';
import {
  createMemorySweepStore,
  type MemorySweepStore,
  type MemorySweepStoreOptions,
} from './sweep-store.ts';

/** The operator's store in memory, its table open to whoever writes entries or looks at rows. */
export interface MemoryOperateStore extends OperateStore, MemorySweepStore {}

/** The operator's store in memory: a double for DynamoDB's that passes the same conformance suite. */
export function createMemoryOperateStore(options: MemorySweepStoreOptions): MemoryOperateStore {
  const store = createMemorySweepStore(options);
  const { table } = store;
  return {
    ...store,
    ...createPageLookup(table, options.shards),
    ...createLineLookup(table),
    ...createReplayNotes(table),
    largestShards: () => atOnce(() => shardsOf(table.get(shardsKey()))),
  };
}

function createPageLookup(table: MemoryTable, shards: number): PageLookup {
  const inRange = (pk: string, { from, to }: { from: string; to: string }): Item[] =>
    table.query(pk).filter(({ sk }) => sk?.S !== undefined && from <= sk.S && sk.S <= to);
  return {
    findInPage: (eventId) =>
      atOnce(() => {
        const keys = [entryPrefix, deferredEntryPrefix].map((prefix) => `${prefix}${eventId}`);
        const { entries, invalid } = contentsOf(
          pageKeys(pageOf(timeOfId(eventId)), shards)
            .flatMap((pk) => table.query(pk))
            .filter(({ sk }) => keys.includes(sk?.S ?? '')),
        );
        return entries[0] ?? invalid[0];
      }),
    readHistory: (aggregate, page, shardCounts) =>
      atOnce(() => {
        const pks = new Set(shardCounts.map((count) => pageKey(page, shardOf(aggregate, count))));
        const { entries } = contentsOf([...pks].flatMap((pk) => table.query(pk)));
        return entries
          .filter((entry) => entry.aggregate === aggregate)
          .toSorted((a, b) => (a.id < b.id ? -1 : 1));
      }),
    readSince: (page, since) =>
      atOnce(() =>
        contentsOf(
          pageKeys(page, shards).flatMap((pk) =>
            [entryPrefix, receiptPrefix].flatMap((prefix) =>
              inRange(pk, sortKeysSince(prefix, since)),
            ),
          ),
        ),
      ),
  };
}

function createLineLookup(table: MemoryTable): LineLookup {
  return {
    readLine: (aggregate) =>
      atOnce(() => {
        const { pk, sk: hold } = holdKey(aggregate);
        const items = table.query(pk).filter(({ sk }) => sk?.S !== hold);
        return items.map((item) => rowToWaiting(toRow(item)));
      }),
    readCounter: (aggregate) =>
      atOnce(() => table.get(counterKey(aggregate))?.['value'] as number | undefined),
  };
}

function createReplayNotes(table: MemoryTable): ReplayNotes {
  return {
    readReplay: (name) =>
      atOnce(() => {
        const row = table.get(replayKey(name));
        return row === undefined ? undefined : rowToReplay(row);
      }),
    listReplays: () =>
      atOnce(() => {
        const { pk, from, to } = replayKeys();
        const isNote = ({ sk }: Row): boolean => from <= String(sk) && String(sk) <= to;
        return table.query(pk).map(toRow).filter(isNote).map(rowToReplay);
      }),
    changeReplay: (before, after) =>
      atOnce(() => {
        const row = table.get(replayKey(after.name));
        if (!isSameReplay(row && rowToReplay(row), before)) return false;
        table.put(replayToRow(after));
        return true;
      }),
  };
}

/** Whether a note is still as it was read: of the same replay and run, and unfinished or ended alike. */
function isSameReplay(found: ReplayNote | undefined, before: ReplayNote | undefined): boolean {
  return (
    found?.replayId === before?.replayId &&
    found?.run === before?.run &&
    found?.endedAt === before?.endedAt
  );
}
