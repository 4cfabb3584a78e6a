import { BatchGetItemCommand, QueryCommand } from '@aws-sdk/client-dynamodb';

import type { Row } from '../table/entry.ts';
import { OutboxError } from '../core/errors.ts';
import type { Key } from '../table/keys.ts';
import { limits } from '../core/limits.ts';
import { backoffMs, type Backoff } from '../core/retry.ts';
import { toItemKey, toRow, type Item, type ItemClient } from '../dynamodb/item.ts';
import type { Clock, Random } from '../core/ports.ts';

/** Tables as a reconciliation sees them: it only reads, always consistently, and never scans. */
export interface TableReader {
  /** All rows of a partition. */
  readPartition(tableName: string, pk: string): Promise<Row[]>;
  /** The rows that exist under the keys, which must differ; in any order. */
  readRows(tableName: string, keys: readonly Key[]): Promise<Row[]>;
}

export interface TableReaderPorts {
  readonly client: ItemClient;
  readonly clock: Clock;
  readonly random: Random;
}

const patience = { maxTries: 8, backoff: { baseMs: 25, maxMs: 1_000 } satisfies Backoff };

/** @throws OutboxError from its methods: `TABLE_THROTTLED` where keys are left unread after the last try */
export function createTableReader(ports: TableReaderPorts): TableReader {
  return {
    readPartition: async (tableName, pk) => {
      const rows: Row[] = [];
      let ExclusiveStartKey: Item | undefined;
      do {
        const answer = await ports.client.send(
          new QueryCommand({
            ...{ TableName: tableName, ConsistentRead: true, ExclusiveStartKey },
            KeyConditionExpression: 'pk = :pk',
            ExpressionAttributeValues: { ':pk': { S: pk } },
          }),
        );
        rows.push(...(answer.Items ?? []).map(toRow));
        ExclusiveStartKey = answer.LastEvaluatedKey;
      } while (ExclusiveStartKey !== undefined);
      return rows;
    },
    readRows: async (tableName, keys) => {
      const rows: Row[] = [];
      for (let at = 0; at < keys.length; at += limits.table.maxBatchGetKeys) {
        const batch = keys.slice(at, at + limits.table.maxBatchGetKeys);
        rows.push(...(await readBatch(tableName, batch, ports)));
      }
      return rows;
    },
  };
}

/**
 * DynamoDB may read some of a batch and leave others; what it left is asked for again.
 * https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html
 */
async function readBatch(
  tableName: string,
  keys: readonly Key[],
  { client, clock, random }: TableReaderPorts,
): Promise<Row[]> {
  const rows: Row[] = [];
  let left: Item[] = keys.map(toItemKey);
  for (let attempt = 1; ; attempt++) {
    const { Responses = {}, UnprocessedKeys = {} } = await client.send(
      new BatchGetItemCommand({
        RequestItems: { [tableName]: { Keys: left, ConsistentRead: true } },
      }),
    );
    rows.push(...Object.values(Responses).flat().map(toRow));
    left = Object.values(UnprocessedKeys).flatMap(({ Keys = [] }) => Keys);
    if (left.length === 0) return rows;
    if (attempt === patience.maxTries) throw throttled(tableName, left.length);
    await clock.sleep(backoffMs(attempt, patience.backoff, random));
  }
}

function throttled(tableName: string, left: number): OutboxError {
  return new OutboxError(
    'TABLE_THROTTLED',
    `table ${tableName} left ${left} keys unread after ${patience.maxTries} tries: it throttles; ` +
      'if that lasts, raise its throughput limit',
    { facts: { tableName, left, tries: patience.maxTries } },
  );
}
