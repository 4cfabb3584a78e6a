import { GetItemCommand } from '@aws-sdk/client-dynamodb';

import type { Row } from '../table/entry.ts';
import type { Key } from '../table/keys.ts';
import { toItemKey, toRow } from './item.ts';
import type { OutboxTable } from './outbox-table.ts';

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
