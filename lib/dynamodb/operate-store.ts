import { ConditionalCheckFailedException, PutItemCommand } from '@aws-sdk/client-dynamodb';

import { shardOf } from '../core/collections.ts';
import { inParallel } from '../core/concurrency.ts';
import { systemClock } from '../core/system.ts';
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
import {
  replayKey,
  replayKeys,
  replayToRow,
  rowToReplay,
  type ReplayNote,
} from '../table/replay.ts';
import type { LineLookup, Lookup, OperateStore, PageLookup, ReplayNotes } from '../table/stores.ts';
import { shardsKey, shardsOf } from '../table/sweep-notes.ts';
import { rowToWaiting } from '../table/waiting.ts';
import { toItem, toItemKey, toRow } from './items.ts';
import type { DynamoDBStoreOptions } from './outbox-store.ts';
import { getAll, getRow, maxParallelCalls, queryAll, type OutboxTable } from './outbox-table.ts';
import { contentsOf } from './page-walk.ts';
import { createDynamoDBSweepStore } from './sweep-store.ts';

/** The operator's store on DynamoDB: the sweeper's, and finding things. */
export function createDynamoDBOperateStore(options: DynamoDBStoreOptions): OperateStore {
  const { clock = systemClock, random = Math.random, ...rest } = options;
  const table = { ...rest, clock, random };
  return {
    ...createDynamoDBSweepStore(options),
    ...createLookup(table, options.shards),
    ...createReplayNotes(table),
  };
}

/** Finding things in the outbox table by their keys. Looks in `shards` shards of a page. */
function createLookup(table: OutboxTable, shards: number): Lookup {
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

/** Where replays note how far they came. */
function createReplayNotes(table: OutboxTable): ReplayNotes {
  const { client, tableName } = table;
  return {
    readReplay: async (name) => {
      const row = await getRow(table, replayKey(name));
      return row === undefined ? undefined : rowToReplay(row);
    },
    listReplays: async () => {
      const { pk, from, to } = replayKeys();
      const items = await queryAll(table, {
        KeyConditionExpression: 'pk = :pk AND sk BETWEEN :from AND :to',
        ExpressionAttributeValues: { ':pk': { S: pk }, ':from': { S: from }, ':to': { S: to } },
      });
      return items.map((item) => rowToReplay(toRow(item)));
    },
    changeReplay: async (before, after) => {
      try {
        await client.send(
          new PutItemCommand({
            TableName: tableName,
            Item: toItem(replayToRow(after)),
            ...isUnchanged(before),
          }),
        );
        return true;
      } catch (error) {
        if (error instanceof ConditionalCheckFailedException) return false;
        throw error;
      }
    },
  };
}

/** The condition that a note is as it was read. */
function isUnchanged(
  before: ReplayNote | undefined,
): Pick<
  PutItemCommand['input'],
  'ConditionExpression' | 'ExpressionAttributeNames' | 'ExpressionAttributeValues'
> {
  if (before === undefined) return { ConditionExpression: 'attribute_not_exists(pk)' };
  const { replayId, run, endedAt } = before;
  return {
    ConditionExpression: [
      'replayId = :replayId',
      run === undefined ? 'attribute_not_exists(#run)' : '#run = :run',
      endedAt === undefined ? 'attribute_not_exists(endedAt)' : 'endedAt = :endedAt',
    ].join(' AND '),
    ExpressionAttributeNames: { '#run': 'run' },
    ExpressionAttributeValues: {
      ':replayId': { S: replayId },
      ...(run === undefined ? {} : { ':run': { S: run } }),
      ...(endedAt === undefined ? {} : { ':endedAt': { N: String(endedAt) } }),
    },
  };
}
