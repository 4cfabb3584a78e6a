import {
  QueryCommand,
  type QueryCommandInput,
  type QueryCommandOutput,
} from '@aws-sdk/client-dynamodb';

import type { Item } from './item.ts';
import type { OutboxTable } from './outbox-table.ts';

/** What a query asks for, beside the table's name. */
export type Question = Omit<QueryCommandInput, 'TableName' | 'ConsistentRead'>;

/** All items that answer a question, read consistently, answer by answer of at most 1 MB. */
export async function queryAll(table: OutboxTable, question: Question): Promise<Item[]> {
  const items: Item[] = [];
  for await (const answer of answersTo(table, question)) items.push(...(answer.Items ?? []));
  return items;
}

/** The answers to a question one after the other, each asked for when it is wanted. */
export async function* answersTo(
  table: OutboxTable,
  question: Question,
): AsyncGenerator<QueryCommandOutput, undefined> {
  let { ExclusiveStartKey } = question;
  do {
    const answer = await ask(table, { ...question, ExclusiveStartKey });
    yield answer;
    ExclusiveStartKey = answer.LastEvaluatedKey;
  } while (ExclusiveStartKey !== undefined);
}

/** One answer, of at most 1 MB; read consistently, unless it is an index that is asked. */
export function ask(
  { client, tableName }: OutboxTable,
  question: Question,
): Promise<QueryCommandOutput> {
  const ConsistentRead = question.IndexName === undefined;
  return client.send(new QueryCommand({ ...question, TableName: tableName, ConsistentRead }));
}
