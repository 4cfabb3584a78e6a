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
} from '../table/keys.ts';
import { shardOf } from '../core/group-by.ts';
import { shardsKey, shardsOf } from '../table/shards.ts';
import { rowToWaiting } from '../table/waiting.ts';
import { inParallel } from '../core/in-parallel.ts';
import type { Lookup, LineLookup, PageLookup } from '../table/operate-store.ts';
import { getAll } from './batch.ts';
import { getRow } from './get-row.ts';
import { toItemKey, toRow } from './item.ts';
import { maxParallelCalls, type OutboxTable } from './outbox-table.ts';
import { contentsOf } from './page-contents.ts';
import { queryAll } from './query.ts';

/** Finding things in the outbox table by their keys. Looks in `shards` shards of a page. */
export function createLookup(table: OutboxTable, shards: number): Lookup {
  return {
    ...createLineLookup(table),
    ...createPageLookup(table, shards),
    largestShards: async () => shardsOf(await getRow(table, shardsKey())),
  };
}

function createLineLookup(table: OutboxTable): LineLookup {
  return {
    readLine: async (aggregate) => {
      const { pk, sk: hold } = holdKey(aggregate);
      const items = await queryAll(table, {
        KeyConditionExpression: 'pk = :pk',
        ExpressionAttributeValues: { ':pk': { S: pk } },
      });
      return items.filter(({ sk }) => sk?.S !== hold).map((item) => rowToWaiting(toRow(item)));
    },
    readCounter: async (aggregate) =>
      (await getRow(table, counterKey(aggregate)))?.['value'] as number | undefined,
  };
}

function createPageLookup(table: OutboxTable, shards: number): PageLookup {
  return {
    findInPage: async (eventId) => {
      const keys = pageKeys(pageOf(timeOfId(eventId)), shards).flatMap((pk) =>
        [entryPrefix, deferredEntryPrefix].map((prefix) => ({ pk, sk: `${prefix}${eventId}` })),
      );
      const { entries, invalid } = contentsOf(await getAll(table, keys.map(toItemKey)));
      return entries[0] ?? invalid[0];
    },
    readHistory: async (aggregate, page, shardCounts) => {
      const partitions = new Set(
        shardCounts.map((count) => pageKey(page, shardOf(aggregate, count))),
      );
      const items = await inParallel([...partitions], maxParallelCalls, (pk) =>
        queryAll(table, {
          KeyConditionExpression: 'pk = :pk AND sk < :receipts',
          ExpressionAttributeValues: { ':pk': { S: pk }, ':receipts': { S: receiptPrefix } },
        }),
      );
      const { entries } = contentsOf(items.flat());
      return entries
        .filter((entry) => entry.aggregate === aggregate)
        .toSorted((a, b) => (a.id < b.id ? -1 : 1));
    },
    readSince: async (page, since) => {
      const ranges = pageKeys(page, shards).flatMap((pk) =>
        [entryPrefix, receiptPrefix].map((prefix) => ({ pk, ...sortKeysSince(prefix, since) })),
      );
      const items = await inParallel(ranges, maxParallelCalls, ({ pk, from, to }) =>
        queryAll(table, {
          KeyConditionExpression: 'pk = :pk AND sk BETWEEN :from AND :to',
          ExpressionAttributeValues: { ':pk': { S: pk }, ':from': { S: from }, ':to': { S: to } },
        }),
      );
      return contentsOf(items.flat());
    },
  };
}
