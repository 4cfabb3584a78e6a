import {
  BatchGetItemCommand,
  BatchWriteItemCommand,
  type BatchGetItemCommandOutput,
} from '@aws-sdk/client-dynamodb';

import { OutboxError } from '../core/errors.ts';
import { limits } from '../core/limits.ts';
import { inParallel } from '../core/in-parallel.ts';
import { inParts } from '../core/in-parts.ts';
import type { Item } from './item.ts';
import { maxParallelCalls, type OutboxTable } from './outbox-table.ts';
import { patience, untilDone } from './patience.ts';

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

/** One call. Answers with what DynamoDB left. */
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
  const isDone = await untilDone(async () => {
    left = await send(left);
    return left.length === 0;
  }, table);
  if (!isDone) throw throttled(table.tableName, { left: left.length, of: batch.length });
}

function throttled(tableName: string, { left, of }: { left: number; of: number }): OutboxError {
  return new OutboxError(
    'TABLE_THROTTLED',
    `table ${tableName} left ${left} of ${of} items after ${patience.maxTries} tries: ` +
      'it throttles; if that lasts, raise its throughput limit or the number of shards',
    { facts: { tableName, left, of, tries: patience.maxTries } },
  );
}
