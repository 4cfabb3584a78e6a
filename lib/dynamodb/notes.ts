import { PutItemCommand } from '@aws-sdk/client-dynamodb';

import {
  acceptanceKey,
  deepestLag,
  lagKeysSince,
  lagToRow,
  rowToAcceptance,
  rowToLag,
} from '../table/relay-notes.ts';
import type { Row } from '../table/entry.ts';
import type { Key } from '../table/keys.ts';
import { rowToWatermark, watermarkKey } from '../table/watermark.ts';
import type { Notes } from '../table/store.ts';
import { getAll } from './batch.ts';
import { toItem, toItemKey, toRow } from './item.ts';
import type { OutboxTable } from './outbox-table.ts';
import { queryAll } from './query.ts';

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
