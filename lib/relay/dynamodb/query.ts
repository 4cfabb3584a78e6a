import { QueryCommand, type QueryCommandInput } from '@aws-sdk/client-dynamodb';

import type { Item } from './item.ts';
import type { OutboxTable } from './outbox-table.ts';

/** What a query asks for, beside the table's name. */
export type Question = Pick<
  QueryCommandInput,
  'KeyConditionExpression' | 'ExpressionAttributeValues'
>;

/** All items that answer a question, read consistently, answer by answer of at most 1 MB. */
export async function queryAll(
  { client, tableName }: OutboxTable,
  question: Question,
): Promise<Item[]> {
  const items: Item[] = [];
  let ExclusiveStartKey: Item | undefined;
  do {
    const answer = await client.send(
      new QueryCommand({
        ...question,
        TableName: tableName,
        ConsistentRead: true,
        ExclusiveStartKey,
      }),
    );
    items.push(...(answer.Items ?? []));
    ExclusiveStartKey = answer.LastEvaluatedKey;
  } while (ExclusiveStartKey !== undefined);
  return items;
}
