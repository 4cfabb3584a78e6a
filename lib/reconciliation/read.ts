import { BatchGetItemCommand, QueryCommand } from '@aws-sdk/client-dynamodb';

import { OutboxError } from '../core/errors.ts';
import { limits, ownLimits } from '../core/limits.ts';
import type { Clock, Random } from '../core/ports.ts';
import { backoffMs, type Backoff } from '../core/retry.ts';
import { toItemKey, toRow, type Item, type ItemClient } from '../dynamodb/items.ts';
import { isInvalidEntry, rowToEntry, type Entry, type Row } from '../table/entry.ts';
import { pageAfter, pageKeys, pageOf, pagesBetween, type Key, type Page } from '../table/keys.ts';
import { isReceiptRow, rowToReceipt } from '../table/receipt.ts';
import { shardsKey, shardsOf } from '../table/sweep-notes.ts';
import type { ReconciliationWindow } from './window.ts';

/** What was written in one minute. */
export interface WrittenPage {
  readonly entries: readonly Entry[];
  /** When each event was published everywhere, by its id; epoch milliseconds. */
  readonly publishedAt: ReadonlyMap<string, number>;
}

/**
 * The pages in which events lie that belong to items of a window. An event's id may be so much older or newer than its
 * write, and writers' clocks differ.
 */
export function pagesOfWindow({ since, until }: ReconciliationWindow): Page[] {
  const first = pageOf(since - ownLimits.maxEventAgeMs);
  const last = pageOf(until + ownLimits.maxEventAgeMs);
  return [...pagesBetween(first, pageAfter(last, 1))];
}

/** The outbox that is read. */
export interface ReadOutbox {
  readonly tableName: string;
  readonly shards: number;
  readonly reader: TableReader;
}

/** The largest number of shards ever in use: pages written with more must be read whole too. */
export async function shardsEver({ tableName, shards, reader }: ReadOutbox): Promise<number> {
  const [noted] = await reader.readRows(tableName, [shardsKey()]);
  return Math.max(shards, shardsOf(noted));
}

/** Reads a page whole, all its shards at once. Rows that are neither entry nor receipt are passed by. */
export async function readPage(
  page: Page,
  { tableName, shards, reader }: ReadOutbox,
): Promise<WrittenPage> {
  const partitions = await Promise.all(
    pageKeys(page, shards).map((pk) => reader.readPartition(tableName, pk)),
  );
  const rows = partitions.flat();
  const published = rows
    .filter(isReceiptRow)
    .map(rowToReceipt)
    .filter(({ outcome }) => outcome === 'published');
  return {
    entries: rows.map(rowToEntry).flatMap((entry) => (isInvalidEntry(entry) ? [] : [entry])),
    publishedAt: new Map(
      published.flatMap(({ eventIds, time }) => eventIds.map((id) => [id, time] as const)),
    ),
  };
}

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
    { details: { tableName, left, tries: patience.maxTries } },
  );
}
