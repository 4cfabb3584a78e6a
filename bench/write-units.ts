import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';

import { pageOf, timeOfId } from '../lib/contract/keys.ts';
import { createDynamoDBStore } from '../lib/relay/dynamodb/store.ts';
import { receiptsFor } from '../lib/relay/deliver/receipts.ts';
import { createDynamoDBTransactor } from '../lib/runtime/transaction/dynamodb-transactor.ts';
import { entryToRow } from '../lib/contract/entry.ts';
import { newId, systemClock } from '../lib/runtime/system.ts';
import { startDynamoDBLocal } from '../test/support/dynamodb-local.ts';
import { createOutboxTable } from '../test/support/create-tables.ts';
import type { Figure } from './figure.ts';
import { kilobyteEntry, retentionMs, shards } from './fixtures.ts';

const batchSize = 100;

/** What one event of a kilobyte costs beyond the business write: its entry, and its share of a receipt. */
export async function measureWriteUnits(): Promise<Figure[]> {
  const local = await startDynamoDBLocal();
  try {
    const { client, consumed } = counting(local.client());
    const tableName = await createOutboxTable(client);
    const entries = Array.from({ length: batchSize }, (_, index) => kilobyteEntry(index));

    const transactor = createDynamoDBTransactor(DynamoDBDocumentClient.from(client));
    for (const entry of entries) {
      const Item = entryToRow(entry, { shards, retentionMs });
      await transactor.transact([{ Put: { TableName: tableName, Item } }], newId(Date.now()));
    }
    const writing = consumed() / batchSize;

    const store = createDynamoDBStore({ client, tableName, shards });
    const ports = { clock: systemClock, newId, retentionMs };
    const page = entries.filter(
      ({ id }) => pageOf(timeOfId(id)) === pageOf(timeOfId(entries[0]?.id ?? '')),
    );
    await store.addReceipts(receiptsFor('published', { entries: page, invalidRows: [] }, ports));
    const settling = (consumed() - writing * batchSize) / page.length;

    return [
      { what: 'write units of an entry', measured: writing, unit: 'per 1 KB event' },
      { what: 'write units of its receipt', measured: settling, unit: 'per 1 KB event' },
      {
        what: 'write units beyond the business write',
        measured: writing + settling,
        unit: 'per 1 KB event',
        target: { atMost: 2.05 },
      },
    ];
  } finally {
    await local.stop();
  }
}

/** A client that asks for the capacity of each write, and adds it up. */
function counting(client: DynamoDBClient): { client: DynamoDBClient; consumed: () => number } {
  let total = 0;
  client.middlewareStack.add(
    (next) => async (args) => {
      Object.assign(args.input, { ReturnConsumedCapacity: 'TOTAL' });
      const result = await next(args);
      const { ConsumedCapacity } = result.output as { ConsumedCapacity?: unknown };
      const all = [ConsumedCapacity ?? []].flat() as { CapacityUnits?: number }[];
      total += all.reduce((sum, { CapacityUnits = 0 }) => sum + CapacityUnits, 0);
      return result;
    },
    { step: 'initialize' },
  );
  return { client, consumed: () => total };
}
