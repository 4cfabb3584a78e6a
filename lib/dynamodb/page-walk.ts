import {
  ConditionalCheckFailedException,
  UpdateItemCommand,
  type QueryCommandOutput,
} from '@aws-sdk/client-dynamodb';

import { inParallel } from '../core/concurrency.ts';
import { isInvalidEntry, rowToEntry } from '../table/entry.ts';
import {
  deferredEntryPrefix,
  entryPrefix,
  pageKeys,
  receiptPrefix,
  type Key,
  type Page,
} from '../table/keys.ts';
import { isReceiptRow, rowToReceipt } from '../table/receipt.ts';
import type { PageChunk, PageContents, PageWalk } from '../table/stores.ts';
import { largestShards, shardsKey, shardsOf } from '../table/sweep-notes.ts';
import { toItemKey, toJson, toRow, type Item } from './items.ts';
import {
  answersTo,
  ask,
  getRow,
  maxParallelCalls,
  queryAll,
  type OutboxTable,
  type Question,
} from './outbox-table.ts';

/** Rows that the first look at a page brings of all its shards together: what bounds its memory. */
const firstLookRows = 16_384;

/** Reads pages in parts, written with any number of shards. */
export function createPageWalk(table: OutboxTable, ownShards: number): PageWalk {
  return {
    noteShards: async (shards) => {
      const noted = shardsOf(await getRow(table, shardsKey()));
      return noted >= shards ? noted : raiseShards(table, shards);
    },
    openPage: async (page, shards) => {
      const looks = await lookAt(table, page, shards);
      const { entries, invalid, receipts } = contentsOf(looks.flatMap(({ items }) => items));
      const unread = looks.filter(({ last }) => last !== undefined);
      const more = await inParallel(unread, maxParallelCalls, (look) =>
        readAll(table, receiptsAfter(look)),
      );
      return {
        receipts: [...receipts, ...contentsOf(more.flat()).receipts],
        chunks: chunksOf({ entries, invalid }, unread, table),
      };
    },
    readReceipts: async (page) => {
      const items = await inParallel(pageKeys(page, ownShards), maxParallelCalls, (pk) =>
        queryAll(table, receiptsOf(pk)),
      );
      return contentsOf(items.flat()).receipts;
    },
  };
}

/** Returns the largest number noted, which another may just have raised further. */
async function raiseShards({ client, tableName }: OutboxTable, shards: number): Promise<number> {
  const isFirst = 'attribute_not_exists(#shards)';
  const isLarger = '#shards < :shards';
  try {
    await client.send(
      new UpdateItemCommand({
        TableName: tableName,
        Key: toItemKey(shardsKey()),
        UpdateExpression: 'SET #shards = :shards',
        ConditionExpression: [isFirst, isLarger].join(' OR '),
        ExpressionAttributeNames: { '#shards': largestShards },
        ExpressionAttributeValues: { ':shards': { N: String(shards) } },
        ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
      }),
    );
    return shards;
  } catch (error) {
    if (!(error instanceof ConditionalCheckFailedException)) throw error;
    return Math.max(shards, shardsOf(toRow(error.Item ?? {})));
  }
}

async function readAll(table: OutboxTable, question: Question | undefined): Promise<Item[]> {
  return question === undefined ? [] : queryAll(table, question);
}

/** What the first answer of a shard brought, and where it broke off if it did. */
interface Look {
  readonly pk: string;
  readonly items: readonly Item[];
  readonly last: Item | undefined;
}

function lookAt(table: OutboxTable, page: Page, shards: number): Promise<Look[]> {
  const Limit = Math.ceil(firstLookRows / shards);
  return inParallel(pageKeys(page, shards), maxParallelCalls, async (pk) => {
    const answer = await ask(table, { ...partition(pk), Limit });
    return { pk, items: itemsOf(answer), last: answer.LastEvaluatedKey };
  });
}

async function* chunksOf(
  first: PageChunk,
  unread: readonly Look[],
  table: OutboxTable,
): AsyncGenerator<PageChunk, undefined> {
  if (first.entries.length + first.invalid.length > 0) yield first;
  for (const { pk, last } of unread) {
    if (placeOf(last) === 'entries')
      yield* readEntries(table, { ...entriesOf(pk), ExclusiveStartKey: last });
  }
}

async function* readEntries(
  table: OutboxTable,
  question: Question,
): AsyncGenerator<PageChunk, undefined> {
  for await (const answer of answersTo(table, question)) {
    const { entries, invalid } = contentsOf(itemsOf(answer));
    if (entries.length + invalid.length > 0) yield { entries, invalid };
  }
}

function receiptsAfter({ pk, last }: Look): Question | undefined {
  const place = placeOf(last);
  if (place === 'behind') return undefined;
  return place === 'receipts' ? { ...receiptsOf(pk), ExclusiveStartKey: last } : receiptsOf(pk);
}

/** Where an answer broke off: entries sort before receipts, and rows of others may lie behind them. */
function placeOf(last: Item | undefined): 'entries' | 'receipts' | 'behind' {
  const sk = last?.['sk']?.S ?? '';
  if (sk.startsWith(receiptPrefix)) return 'receipts';
  return sk < receiptPrefix ? 'entries' : 'behind';
}

function partition(pk: string): Question {
  return {
    KeyConditionExpression: 'pk = :pk',
    ExpressionAttributeValues: { ':pk': { S: pk } },
  };
}

/** Entries sort before receipts. */
function entriesOf(pk: string): Question {
  return {
    KeyConditionExpression: 'pk = :pk AND sk < :receipts',
    ExpressionAttributeValues: { ':pk': { S: pk }, ':receipts': { S: receiptPrefix } },
  };
}

function receiptsOf(pk: string): Question {
  return {
    KeyConditionExpression: 'pk = :pk AND begins_with(sk, :receipts)',
    ExpressionAttributeValues: { ':pk': { S: pk }, ':receipts': { S: receiptPrefix } },
  };
}

function itemsOf({ Items = [] }: QueryCommandOutput): Item[] {
  return Items;
}

/** What the items of a page say. Never throws: anyone who may write to the table can write nonsense. */
export function contentsOf(items: readonly Item[]): PageContents {
  const rows = items.map((item) => ({ item, row: toRow(item) }));
  const receipts = rows.map(({ row }) => row).filter(isReceiptRow);
  const candidates = rows
    .filter(({ item }) => hasEntryKey(item))
    .map(({ item, row }) => ({ item, row, entry: rowToEntry(row) }));
  return {
    entries: candidates.flatMap(({ entry }) => (isInvalidEntry(entry) ? [] : [entry])),
    invalid: candidates.flatMap(({ item, row, entry }) =>
      isInvalidEntry(entry)
        ? [{ ...entry, key: keyOf(row as unknown as Key), json: toJson(item) }]
        : [],
    ),
    receipts: receipts.map(rowToReceipt),
  };
}

function hasEntryKey({ sk }: Item): boolean {
  return [entryPrefix, deferredEntryPrefix].some((prefix) => sk?.S?.startsWith(prefix) === true);
}

function keyOf({ pk, sk }: Key): Key {
  return { pk, sk };
}
