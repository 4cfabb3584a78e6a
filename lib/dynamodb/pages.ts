import { pageKeys } from '../table/keys.ts';
import { receiptToRow } from '../table/receipt.ts';
import { inParallel } from '../core/in-parallel.ts';
import type { PageStore } from '../table/store.ts';
import { putAll } from './batch.ts';
import { toItem } from './item.ts';
import { maxParallelCalls, type OutboxTable } from './outbox-table.ts';
import { contentsOf } from './page-contents.ts';
import { queryAll } from './query.ts';

/** Pages and their receipts. Reads `shards` shards of a page. */
export function createPageStore(table: OutboxTable, shards: number): PageStore {
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
