import { DeleteItemCommand } from '@aws-sdk/client-dynamodb';

import { lateKey, lateKeys, rowToLate } from '../table/late.ts';
import { sortKeysSince } from '../table/keys.ts';
import type { LateEntries } from '../table/ports.ts';
import { toItemKey, toRow } from './item.ts';
import type { OutboxTable } from './outbox-table.ts';
import { answersTo } from './query.ts';

/** Entries that left the waiting room late. */
export function createLateEntries(table: OutboxTable): LateEntries {
  const { client, tableName } = table;
  return {
    listLate: async function* (before) {
      const { from: end } = sortKeysSince('', before);
      for (const pk of lateKeys) {
        const question = {
          KeyConditionExpression: 'pk = :pk AND sk < :end',
          ExpressionAttributeValues: { ':pk': { S: pk }, ':end': { S: end } },
        };
        for await (const { Items = [] } of answersTo(table, question)) {
          if (Items.length > 0) yield Items.map((item) => rowToLate(toRow(item)));
        }
      }
    },
    removeLate: async (eventId) => {
      await client.send(
        new DeleteItemCommand({ TableName: tableName, Key: toItemKey(lateKey(eventId)) }),
      );
    },
  };
}
