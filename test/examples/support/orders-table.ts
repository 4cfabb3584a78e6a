import { randomUUID } from 'node:crypto';

import { CreateTableCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb';

import { byDay } from '../../../examples/orders/order.ts';

/** A new table of orders with the index by day, as the orders' stack makes it. */
export async function createOrdersTable(client: DynamoDBClient): Promise<string> {
  const { indexName, partitionKey, sortKey } = byDay;
  const TableName = `test-${randomUUID()}`;
  await client.send(
    new CreateTableCommand({
      TableName,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: ['id', partitionKey, sortKey].map((AttributeName) => ({
        AttributeName,
        AttributeType: 'S',
      })),
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
      GlobalSecondaryIndexes: [
        {
          IndexName: indexName,
          KeySchema: [
            { AttributeName: partitionKey, KeyType: 'HASH' },
            { AttributeName: sortKey, KeyType: 'RANGE' },
          ],
          Projection: { ProjectionType: 'ALL' },
        },
      ],
    }),
  );
  return TableName;
}
