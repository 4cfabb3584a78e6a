import { QueryCommand } from '@aws-sdk/client-dynamodb';

import { rowToSagaSummary, runningKeys, sagaTable, type SagaSummary } from '../table/saga.ts';
import { toRow, type Item, type ItemClient } from '../dynamodb/item.ts';

/** The index of the sagas that have not finished. Eventually consistent. */
export interface RunningSagas {
  /** Those of a definition that are overdue at a moment (epoch milliseconds), longest first in each part. */
  list(saga: string, overdueBy: number): AsyncIterable<readonly SagaSummary[]>;
}

/** The index on DynamoDB. Costs a read unit for about thirty sagas. */
export function createRunningSagas(client: ItemClient, tableName: string): RunningSagas {
  return {
    list: async function* (saga, overdueBy) {
      for (const key of runningKeys(saga)) yield* listKey(client, { tableName, key, overdueBy });
    },
  };
}

async function* listKey(
  client: ItemClient,
  { tableName, key, overdueBy }: { tableName: string; key: string; overdueBy: number },
): AsyncGenerator<SagaSummary[]> {
  let ExclusiveStartKey: Item | undefined;
  do {
    const { Items = [], LastEvaluatedKey } = await client.send(
      new QueryCommand({
        TableName: tableName,
        IndexName: sagaTable.runningIndex,
        KeyConditionExpression: '#key = :key AND #overdueAt <= :by',
        ExpressionAttributeNames: {
          '#key': sagaTable.runningKey,
          '#overdueAt': sagaTable.overdueAt,
        },
        ExpressionAttributeValues: { ':key': { S: key }, ':by': { N: String(overdueBy) } },
        ExclusiveStartKey,
      }),
    );
    yield Items.map((item) => rowToSagaSummary(toRow(item)));
    ExclusiveStartKey = LastEvaluatedKey;
  } while (ExclusiveStartKey !== undefined);
}
