import { PutItemCommand } from '@aws-sdk/client-dynamodb';

import { deepestLag, lagKeysSince, lagToRow, rowToLag } from '../../contract/lag.ts';
import { watermarkKey, watermarkOf } from '../../contract/watermark.ts';
import type { Notes } from '../store.ts';
import { getAll } from './batch.ts';
import { toItem, toItemKey, toRow } from '../../runtime/item.ts';
import type { OutboxTable } from './outbox-table.ts';
import { queryAll } from './query.ts';

/** What the relay and the sweeper tell each other. */
export function createNotes(table: OutboxTable): Notes {
  const { client, tableName } = table;
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
    readWatermark: async (pass) => {
      // A batch of one: the relay need not be allowed to get rows in yet another way.
      const [item] = await getAll(table, [toItemKey(watermarkKey(pass))]);
      return item === undefined ? undefined : watermarkOf(toRow(item));
    },
  };
}
