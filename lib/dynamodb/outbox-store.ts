import {
  ConditionalCheckFailedException,
  GetItemCommand,
  PutItemCommand,
  TransactionCanceledException,
  TransactionConflictException,
  TransactWriteItemsCommand,
  type DynamoDBClient,
  type Put,
  type Update,
} from '@aws-sdk/client-dynamodb';

import { groupBy } from '../core/collections.ts';
import { inParallel } from '../core/concurrency.ts';
import { OutboxError } from '../core/errors.ts';
import type { Clock, Random } from '../core/ports.ts';
import { systemClock } from '../core/system.ts';
import type { Row } from '../table/entry.ts';
import { holdKey, pageKeys, waitingPrefix, type Key } from '../table/keys.ts';
import { receiptToRow } from '../table/receipt.ts';
import type { Notes, PageStore, Store, WaitingRoom } from '../table/stores.ts';
import {
  acceptanceKey,
  deepestLag,
  lagKeysSince,
  lagToRow,
  rowToAcceptance,
  rowToLag,
  rowToWatermark,
  watermarkKey,
} from '../table/sweep-notes.ts';
import {
  heldAggregateOf,
  holdCount,
  holdsOf,
  keyOfWaiting,
  rowToWaiting,
  waitingToRow,
  type Waiting,
} from '../table/waiting.ts';
import { toItem, toItemKey, toRow, type Item } from './items.ts';
import {
  getAll,
  maxParallelCalls,
  retryPolicy,
  putAll,
  queryAll,
  retryUntilDone,
  type OutboxTable,
} from './outbox-table.ts';
import { contentsOf } from './page-walk.ts';
import { toVerdict } from './transaction.ts';

export interface DynamoDBStoreOptions {
  readonly client: DynamoDBClient;
  /** Name or ARN of the outbox table. */
  readonly tableName: string;
  /** Shards of a page: at least as many as any writer ever used. */
  readonly shards: number;
  /**
   * Passes the time between tries.
   *
   * @default - the system's
   */
  readonly clock?: Clock;
  /** @default Math.random */
  readonly random?: Random;
}

/**
 * The store on DynamoDB.
 *
 * What DynamoDB leaves of a batch, and what meets a conflict, is tried again for up to two and a half
 * seconds. Errors that the client throws after its own retries are passed on.
 */
export function createDynamoDBStore(options: DynamoDBStoreOptions): Store {
  const { shards, clock = systemClock, random = Math.random, ...rest } = options;
  const table = { ...rest, clock, random };
  return { ...createPageStore(table, shards), ...createWaitingRoom(table), ...createNotes(table) };
}

/** Pages and their receipts. Reads `shards` shards of a page. */
function createPageStore(table: OutboxTable, shards: number): PageStore {
  return {
    addReceipts: async (receipts) => {
      // By id, since DynamoDB refuses a batch that names a key twice.
      const distinct = new Map(receipts.map((receipt) => [receipt.id, receipt]));
      const rows = [...distinct.values()].map((receipt) => receiptToRow(receipt, shards));
      await putAll(table, rows.map(toItem));
    },
    readPage: async (page) => {
      const items = await inParallel(pageKeys(page, shards), maxParallelCalls, (pk) =>
        queryAll(table, {
          KeyConditionExpression: 'pk = :pk',
          ExpressionAttributeValues: { ':pk': { S: pk } },
        }),
      );
      return contentsOf(items.flat());
    },
  };
}

/** What the relay and the sweeper tell each other. */
export function createNotes(table: OutboxTable): Notes {
  const { client, tableName } = table;
  // A batch of one: the relay need not be allowed to get rows in yet another way.
  const getOne = async (key: Key): Promise<Row | undefined> => {
    const [item] = await getAll(table, [toItemKey(key)]);
    return item === undefined ? undefined : toRow(item);
  };
  return {
    noteLag: async (lag) => {
      await client.send(new PutItemCommand({ TableName: tableName, Item: toItem(lagToRow(lag)) }));
    },
    readLag: async (since) => {
      const { pk, from, to } = lagKeysSince(since);
      const items = await queryAll(table, {
        KeyConditionExpression: 'pk = :pk AND sk BETWEEN :from AND :to',
        ExpressionAttributeValues: { ':pk': { S: pk }, ':from': { S: from }, ':to': { S: to } },
      });
      return deepestLag(items.map((item) => rowToLag(toRow(item))));
    },
    readWatermark: async (walker) => rowToWatermark(await getOne(watermarkKey(walker))),
    readAcceptance: async () => rowToAcceptance(await getOne(acceptanceKey())),
  };
}

/** The waiting room, and the hold rows that count who waits for an ordered destination. */
function createWaitingRoom(table: OutboxTable): WaitingRoom {
  const { client, tableName } = table;
  return {
    addWaiting: async (waiting) => {
      await inParallel(lanesOf(waiting), maxParallelCalls, async (lane) => {
        for (const one of lane) await addOneWaiting(table, one);
      });
    },
    heldAggregates: async (aggregates) => {
      const keys = [...new Set(aggregates)].map((aggregate) => toItemKey(holdKey(aggregate)));
      const holds = await getAll(table, keys);
      return new Set(holds.filter((hold) => holdsOf(toRow(hold)) > 0).map(aggregateOf));
    },
    getWaiting: async (key) => {
      const { Item } = await client.send(
        new GetItemCommand({ TableName: tableName, Key: toItemKey(key), ConsistentRead: true }),
      );
      return Item === undefined ? undefined : rowToWaiting(toRow(Item));
    },
  };
}

/** What may be added at the same time. Those that hold one aggregate go in turn: each counts in the same row. */
function lanesOf(waiting: readonly Waiting[]): Waiting[][] {
  return [...groupBy(waiting, (one) => heldAggregateOf(one) ?? one).values()];
}

function aggregateOf({ pk }: Item): string {
  return (pk?.S ?? '').slice(waitingPrefix.length);
}

/**
 * Adds one entry to the waiting room, unless it waits already.
 *
 * One that holds its aggregate is added and counted in one transaction, on condition that it is new: it
 * counts once, even if several callers add it, repeatedly, and responses are lost.
 *
 * @throws OutboxError `TRANSACTION_CONFLICT` after the last try; `TRANSACTION_CANCELLED` for a reason
 * that no retry resolves; `ITEM_TOO_LARGE`
 */
async function addOneWaiting(table: OutboxTable, waiting: Waiting): Promise<void> {
  const put = putOf(table, waiting);
  const aggregate = heldAggregateOf(waiting);
  const attempt =
    aggregate === undefined
      ? () => sendPut(table, put)
      : () => sendPutAndCount(table, put, countOf(table, aggregate));
  if (!(await retryUntilDone(attempt, table))) throw inConflict(keyOfWaiting(waiting.entry));
}

function putOf({ tableName }: OutboxTable, waiting: Waiting): Put {
  const waitsNotYet = 'attribute_not_exists(pk)';
  return {
    TableName: tableName,
    Item: toItem(waitingToRow(waiting)),
    ConditionExpression: waitsNotYet,
  };
}

function countOf({ tableName }: OutboxTable, aggregate: string): Update {
  return {
    TableName: tableName,
    Key: toItemKey(holdKey(aggregate)),
    UpdateExpression: `ADD ${holdCount} :one`,
    ExpressionAttributeValues: { ':one': { N: '1' } },
  };
}

/** Returns whether the entry waits now. */
async function sendPut({ client }: OutboxTable, put: Put): Promise<boolean> {
  try {
    await client.send(new PutItemCommand(put));
    return true;
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return true;
    if (error instanceof TransactionConflictException) return false;
    throw error;
  }
}

/** Returns whether the entry waits now, and is counted. */
async function sendPutAndCount({ client }: OutboxTable, put: Put, count: Update): Promise<boolean> {
  try {
    await client.send(
      new TransactWriteItemsCommand({ TransactItems: [{ Put: put }, { Update: count }] }),
    );
    return true;
  } catch (error) {
    if (error instanceof TransactionCanceledException) return waitsAfter(error);
    throw error;
  }
}

/** Whether the entry waits although its transaction was cancelled. */
function waitsAfter(cancellation: TransactionCanceledException): boolean {
  const reasons = (cancellation.CancellationReasons ?? []).map(({ Code = 'None' }) => ({
    code: Code,
  }));
  const verdict = toVerdict({ status: 'cancelled', reasons, cause: cancellation });
  if (verdict.status === 'refused') throw refused(cancellation);
  // Only the Put has a condition: where it fails, the entry waits already, and was counted when it came.
  return verdict.status === 'condition-failed';
}

function refused(cancellation: TransactionCanceledException): OutboxError {
  const codes = (cancellation.CancellationReasons ?? []).map(({ Code }) => Code);
  return new OutboxError(
    'TRANSACTION_CANCELLED',
    `the database refused to add to the waiting room: ${codes.join(', ')}`,
    { details: { codes }, cause: cancellation },
  );
}

function inConflict({ pk, sk }: Key): OutboxError {
  return new OutboxError(
    'TRANSACTION_CONFLICT',
    `waiting row ${pk} / ${sk} could not be written in ${retryPolicy.maxTries} tries: ` +
      'others write rows of its aggregate, or the table throttles; it is added when its batch is retried',
    { details: { pk, sk, tries: retryPolicy.maxTries } },
  );
}
