import {
  BatchGetItemCommand,
  BatchWriteItemCommand,
  GetItemCommand,
  QueryCommand,
  type BatchGetItemCommandOutput,
  type DynamoDBClient,
  type QueryCommandInput,
  type QueryCommandOutput,
} from '@aws-sdk/client-dynamodb';

import { inParts } from '../core/collections.ts';
import { inParallel } from '../core/concurrency.ts';
import { OutboxError } from '../core/errors.ts';
import { limits } from '../core/limits.ts';
import type { Clock, Random } from '../core/ports.ts';
import { backoffMs, type Backoff } from '../core/retry.ts';
import type { Row } from '../table/entry.ts';
import type { Key } from '../table/keys.ts';
import { toItemKey, toRow, type Item } from './items.ts';

/** The outbox table, and what it takes to call it with patience. */
export interface OutboxTable {
  readonly client: DynamoDBClient;
  readonly tableName: string;
  readonly clock: Clock;
  readonly random: Random;
}

/** Calls to the table that one method of the store makes at the same time. */
export const maxParallelCalls = 16;

/** The row under a key, read consistently. */
export async function getRow(
  { client, tableName }: OutboxTable,
  key: Key,
): Promise<Row | undefined> {
  const { Item } = await client.send(
    new GetItemCommand({ TableName: tableName, Key: toItemKey(key), ConsistentRead: true }),
  );
  return Item === undefined ? undefined : toRow(Item);
}

/** The input of a query, without the table's name. */
export type Question = Omit<QueryCommandInput, 'TableName' | 'ConsistentRead'>;

/** All items that answer a question, read consistently, answer by answer of at most 1 MB. */
export async function queryAll(table: OutboxTable, question: Question): Promise<Item[]> {
  const items: Item[] = [];
  for await (const answer of answersTo(table, question)) items.push(...(answer.Items ?? []));
  return items;
}

/** The answers to a question one after the other, each asked for when it is wanted. */
export async function* answersTo(
  table: OutboxTable,
  question: Question,
): AsyncGenerator<QueryCommandOutput, undefined> {
  let { ExclusiveStartKey } = question;
  do {
    const answer = await ask(table, { ...question, ExclusiveStartKey });
    yield answer;
    ExclusiveStartKey = answer.LastEvaluatedKey;
  } while (ExclusiveStartKey !== undefined);
}

/** One answer, of at most 1 MB; read consistently, unless it is an index that is asked. */
export function ask(
  { client, tableName }: OutboxTable,
  question: Question,
): Promise<QueryCommandOutput> {
  const ConsistentRead = question.IndexName === undefined;
  return client.send(new QueryCommand({ ...question, TableName: tableName, ConsistentRead }));
}

/**
 * Writes items, unconditionally and in any order. The keys must differ.
 *
 * DynamoDB may take some of a batch and leave others; what it left is sent again.
 * https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html
 *
 * @throws OutboxError `TABLE_THROTTLED` where some are left after the last try
 */
export async function putAll(table: OutboxTable, items: readonly Item[]): Promise<void> {
  await inParallel(inParts(items, limits.table.maxBatchWriteItems), maxParallelCalls, (batch) =>
    untilNoneLeft(batch, (left) => putBatch(table, left), table),
  );
}

/**
 * Reads the items that exist under the keys, consistently and in any order. The keys must differ.
 *
 * DynamoDB may read some of a batch and leave others; what it left is asked for again.
 * https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html
 *
 * @throws OutboxError `TABLE_THROTTLED` where some are left after the last try
 */
export async function getAll(table: OutboxTable, keys: readonly Item[]): Promise<Item[]> {
  const found: Item[] = [];
  await inParallel(inParts(keys, limits.table.maxBatchGetKeys), maxParallelCalls, (batch) =>
    untilNoneLeft(
      batch,
      async (left) => {
        const answer = await getBatch(table, left);
        found.push(...Object.values(answer.Responses ?? {}).flat());
        return Object.values(answer.UnprocessedKeys ?? {}).flatMap(({ Keys }) => Keys ?? []);
      },
      table,
    ),
  );
  return found;
}

/** One call. Returns what DynamoDB left. */
async function putBatch(
  { client, tableName }: OutboxTable,
  items: readonly Item[],
): Promise<Item[]> {
  const requests = items.map((Item) => ({ PutRequest: { Item } }));
  const { UnprocessedItems = {} } = await client.send(
    new BatchWriteItemCommand({ RequestItems: { [tableName]: requests } }),
  );
  return Object.values(UnprocessedItems)
    .flat()
    .map(({ PutRequest }) => PutRequest?.Item)
    .filter((item) => item !== undefined);
}

function getBatch(
  { client, tableName }: OutboxTable,
  keys: readonly Item[],
): Promise<BatchGetItemCommandOutput> {
  return client.send(
    new BatchGetItemCommand({
      RequestItems: { [tableName]: { Keys: [...keys], ConsistentRead: true } },
    }),
  );
}

/** Sends a batch, then what `send` says was left of it, until nothing is. */
async function untilNoneLeft(
  batch: readonly Item[],
  send: (items: readonly Item[]) => Promise<readonly Item[]>,
  table: OutboxTable,
): Promise<void> {
  let left = batch;
  const isDone = await retryUntilDone(async () => {
    left = await send(left);
    return left.length === 0;
  }, table);
  if (!isDone) throw throttled(table.tableName, { left: left.length, of: batch.length });
}

function throttled(tableName: string, { left, of }: { left: number; of: number }): OutboxError {
  return new OutboxError(
    'TABLE_THROTTLED',
    `table ${tableName} left ${left} of ${of} items after ${retryPolicy.maxTries} tries: ` +
      'it throttles; if that lasts, raise its throughput limit or the number of shards',
    { details: { tableName, left, of, tries: retryPolicy.maxTries } },
  );
}

/** Tries in all, and the waits between them: up to two and a half seconds together. */
export const retryPolicy = {
  maxTries: 8,
  backoff: { baseMs: 25, maxMs: 1000 } satisfies Backoff,
} as const;

/** Calls `attempt` until it answers true, and waits longer each time. Answers false where no try did. */
export async function retryUntilDone(
  attempt: () => Promise<boolean>,
  { clock, random }: Pick<OutboxTable, 'clock' | 'random'>,
): Promise<boolean> {
  for (let tries = 1; ; tries++) {
    if (await attempt()) return true;
    if (tries === retryPolicy.maxTries) return false;
    await clock.sleep(backoffMs(tries, retryPolicy.backoff, random));
  }
}
