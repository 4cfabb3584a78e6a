import {
  ConditionalCheckFailedException,
  DeleteItemCommand,
  DescribeTableCommand,
  PutItemCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';

import { systemClock } from '../core/system.ts';
import { auditKey, auditToRows, rowToAudit } from '../table/audit.ts';
import type { Page } from '../table/keys.ts';
import type { Records, SweepNotes, SweepStore } from '../table/stores.ts';
import {
  acceptanceToRow,
  leaseExpiry,
  leaseKey,
  leaseTakes,
  rowToSweep,
  rowToWatermark,
  sweepKeys,
  sweepToRow,
  takesOf,
  watermarkKey,
  watermarkNames,
  type PageLease,
  type PageWalker,
  type Watermark,
} from '../table/sweep-notes.ts';
import { toItem, toItemKey, toRow } from './items.ts';
import { createDynamoDBStore, type DynamoDBStoreOptions } from './outbox-store.ts';
import { ask, queryAll, type OutboxTable } from './outbox-table.ts';
import { createPageWalk } from './page-walk.ts';
import { createWaitingFlow, createWaitingIndex } from './waiting-flow.ts';

/**
 * The sweeper's store on DynamoDB: the relay's, and what settles and drains.
 *
 * Apart from {@link createDynamoDBStore}, so that the relay does not load what it never uses.
 */
export function createDynamoDBSweepStore(options: DynamoDBStoreOptions): SweepStore {
  const { shards, clock = systemClock, random = Math.random, ...rest } = options;
  const table = { ...rest, clock, random };
  return {
    ...createDynamoDBStore(options),
    ...createPageWalk(table, shards),
    ...createWaitingIndex(table),
    ...createWaitingFlow(table, shards),
    ...createSweepNotes(table),
    ...createRecords(table),
  };
}

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

/** What was done, for people to read. */
function createRecords(table: OutboxTable): Records {
  const { client, tableName } = table;
  return {
    noteSweep: async (report) => {
      await client.send(
        new PutItemCommand({ TableName: tableName, Item: toItem(sweepToRow(report)) }),
      );
    },
    readSweeps: async (limit) => {
      const { pk, from, to } = sweepKeys();
      const { Items = [] } = await ask(table, {
        KeyConditionExpression: 'pk = :pk AND sk BETWEEN :from AND :to',
        ExpressionAttributeValues: { ':pk': { S: pk }, ':from': { S: from }, ':to': { S: to } },
        ScanIndexForward: false,
        Limit: limit,
      });
      return Items.map((item) => rowToSweep(toRow(item)));
    },
    // One by one: an operator's right to put in batches would be a right to delete what is on the record.
    noteAudit: async (note) => {
      for (const row of auditToRows(note)) {
        await client.send(new PutItemCommand({ TableName: tableName, Item: toItem(row) }));
      }
    },
    readAudit: async (of) => {
      const items = await queryAll(table, {
        KeyConditionExpression: 'pk = :pk',
        ExpressionAttributeValues: { ':pk': { S: auditKey(of) } },
      });
      return items.map((item) => rowToAudit(toRow(item)));
    },
  };
}
