import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';

import { pageOf, timeOfId } from '../lib/table/keys.ts';
import { createDynamoDBStore } from '../lib/dynamodb/outbox-store.ts';
import { receiptsFor } from '../lib/delivery/deliver.ts';
import { createDynamoDBTransactor } from '../lib/dynamodb/transactor.ts';
import { entryToRow } from '../lib/table/entry.ts';
import { newId, systemClock } from '../lib/core/system.ts';
import { startDynamoDBLocal } from '../test/support/dynamodb-local.ts';
import { createOutboxTable } from '../test/support/create-tables.ts';
import { counting } from './counting.ts';
import type { Figure } from './figure.ts';
import { kilobyteEntry, retentionMs, shards } from './fixtures.ts';

const batchSize = 100;

/** What one event of a kilobyte costs beyond the business write: its entry, and its share of a receipt. */
export async function measureWriteUnits(): Promise<Figure[]> {
  const local = await startDynamoDBLocal();
  try {
    const { client, during } = counting(local.client());
    const tableName = await createOutboxTable(client);
    const entries = Array.from({ length: batchSize }, (_, index) => kilobyteEntry(index));

    const transactor = createDynamoDBTransactor(DynamoDBDocumentClient.from(client));
    const written = await during(async () => {
      for (const entry of entries) {
        const Item = entryToRow(entry, { shards, retentionMs });
        await transactor.transact([{ Put: { TableName: tableName, Item } }], newId(Date.now()));
      }
    });
    const writing = written.writeUnits / batchSize;

    const store = createDynamoDBStore({ client, tableName, shards });
    const ports = { clock: systemClock, newId, retentionMs };
    const page = entries.filter(
      ({ id }) => pageOf(timeOfId(id)) === pageOf(timeOfId(entries[0]?.id ?? '')),
    );
    const receipts = receiptsFor('published', { entries: page, invalidRows: [] }, ports);
    const settled = await during(() => store.addReceipts(receipts));
    const settling = settled.writeUnits / page.length;

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
