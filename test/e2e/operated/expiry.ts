import { DeleteCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';

import { pageKeys, type Key, type Page } from '../../../lib/table/keys.ts';
import type { OperatedOutbox } from './outbox.ts';

/** Deletes all rows of pages, as their expiry does. */
export async function expire(
  pages: readonly Page[],
  { clients: { documents }, table: TableName, shards }: OperatedOutbox,
): Promise<void> {
  for (const pk of pages.flatMap((page) => pageKeys(page, shards))) {
    const { Items = [] } = await documents.send(
      new QueryCommand({
        TableName,
        KeyConditionExpression: 'pk = :pk',
        ExpressionAttributeValues: { ':pk': pk },
        ProjectionExpression: 'pk, sk',
      }),
    );
    for (const item of Items) {
      const { sk } = item as Key;
      await documents.send(new DeleteCommand({ TableName, Key: { pk, sk } }));
    }
  }
}
