import {
  ConditionalCheckFailedException,
  DeleteItemCommand,
  DescribeTableCommand,
  PutItemCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';

import type { Page } from '../table/keys.ts';
import { leaseExpiry, leaseKey, leaseTakes, takesOf, type PageLease } from '../table/lease.ts';
import { acceptanceToRow } from '../table/relay-notes.ts';
import {
  rowToWatermark,
  watermarkKey,
  watermarkNames,
  type PageWalker,
  type Watermark,
} from '../table/watermark.ts';
import type { SweepNotes } from '../table/sweep-store.ts';
import { toItem, toItemKey, toRow } from './item.ts';
import type { OutboxTable } from './outbox-table.ts';

/** What sweepers tell each other: how far they came, and who is at a page. */
export function createSweepNotes(table: OutboxTable): Omit<SweepNotes, 'listBackdated'> {
  const { client, tableName } = table;
  return {
    tableCreatedAt: async () => {
      const { Table } = await client.send(new DescribeTableCommand({ TableName: tableName }));
      // One that was restored holds what is older than itself; its backup's table may have had any age.
      return Table?.RestoreSummary === undefined ? (Table?.CreationDateTime?.getTime() ?? 0) : 0;
    },
    advanceWatermark: (walker, page, shards) => advance(table, walker, { page, shards }),
    restartWatermark: (walker, from) => restart(table, walker, from),
    noteAcceptance: async (at) => {
      await client.send(
        new PutItemCommand({ TableName: tableName, Item: toItem(acceptanceToRow(at)) }),
      );
    },
    removeBackdated: async ({ key }) => {
      await client.send(new DeleteItemCommand({ TableName: tableName, Key: toItemKey(key) }));
    },
    leasePage: (lease) => take(table, lease),
    releasePage: (lease) => giveBack(table, lease),
  };
}

async function advance(
  { client, tableName }: OutboxTable,
  walker: PageWalker,
  { page, shards }: Required<Pick<Watermark, 'page' | 'shards'>>,
): Promise<Page> {
  const isFirst = 'attribute_not_exists(#page)';
  const isForward = '#page < :page';
  const hasSeenAsMuch = '(attribute_not_exists(#shards) OR #shards <= :shards)';
  try {
    await client.send(
      new UpdateItemCommand({
        TableName: tableName,
        Key: toItemKey(watermarkKey(walker)),
        UpdateExpression: 'SET #page = :page, #shards = :shards',
        ConditionExpression: `${isFirst} OR (${isForward} AND ${hasSeenAsMuch})`,
        ExpressionAttributeNames: {
          '#page': watermarkNames.page,
          '#shards': watermarkNames.shards,
        },
        ExpressionAttributeValues: { ':page': { S: page }, ':shards': { N: String(shards) } },
        ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
      }),
    );
    return page;
  } catch (error) {
    if (!(error instanceof ConditionalCheckFailedException)) throw error;
    return rowToWatermark(toRow(error.Item ?? {}))?.page ?? page;
  }
}

async function restart(
  { client, tableName }: OutboxTable,
  walker: PageWalker,
  from: Required<Watermark>,
): Promise<void> {
  const hasSeenLess = 'attribute_exists(#page) AND #shards < :shards';
  try {
    await client.send(
      new UpdateItemCommand({
        TableName: tableName,
        Key: toItemKey(watermarkKey(walker)),
        UpdateExpression:
          'SET #page = :page, #shards = :shards, #since = :since, #shardsBefore = :shardsBefore',
        ConditionExpression: hasSeenLess,
        ExpressionAttributeNames: {
          '#page': watermarkNames.page,
          '#shards': watermarkNames.shards,
          '#since': watermarkNames.since,
          '#shardsBefore': watermarkNames.shardsBefore,
        },
        ExpressionAttributeValues: {
          ':page': { S: from.page },
          ':shards': { N: String(from.shards) },
          ':since': { S: from.since },
          ':shardsBefore': { N: String(from.shardsBefore) },
        },
      }),
    );
  } catch (error) {
    // Another sweeper did so first.
    if (!(error instanceof ConditionalCheckFailedException)) throw error;
  }
}

async function take(
  { client, tableName }: OutboxTable,
  lease: PageLease,
): Promise<number | undefined> {
  const isFree = 'attribute_not_exists(pk)';
  const hasEnded = '#until <= :now';
  try {
    const { Attributes = {} } = await client.send(
      new UpdateItemCommand({
        TableName: tableName,
        Key: toItemKey(leaseKey(lease.page)),
        UpdateExpression:
          'SET #holder = :holder, #until = :until, expiresAt = :expiresAt ADD #takes :one',
        ConditionExpression: [isFree, hasEnded].join(' OR '),
        ExpressionAttributeNames: { '#holder': 'holder', '#until': 'until', '#takes': leaseTakes },
        ExpressionAttributeValues: {
          ':holder': { S: lease.holder },
          ':until': { N: String(lease.until) },
          ':now': { N: String(lease.now) },
          ':expiresAt': { N: String(leaseExpiry(lease)) },
          ':one': { N: '1' },
        },
        ReturnValues: 'ALL_NEW',
      }),
    );
    return takesOf(toRow(Attributes));
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return undefined;
    throw error;
  }
}

async function giveBack(
  { client, tableName }: OutboxTable,
  { page, holder }: PageLease,
): Promise<void> {
  const isMine = '#holder = :holder';
  try {
    await client.send(
      new DeleteItemCommand({
        TableName: tableName,
        Key: toItemKey(leaseKey(page)),
        ConditionExpression: isMine,
        ExpressionAttributeNames: { '#holder': 'holder' },
        ExpressionAttributeValues: { ':holder': { S: holder } },
      }),
    );
  } catch (error) {
    // It ended, and another has it: it is theirs to give back.
    if (!(error instanceof ConditionalCheckFailedException)) throw error;
  }
}
