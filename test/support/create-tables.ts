import { randomUUID } from 'node:crypto';

import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { CreateTableCommand, type CreateTableCommandInput } from '@aws-sdk/client-dynamodb';

import { table } from '../../lib/contract/keys.ts';
import { runningIndexAttributes, sagaTable } from '../../lib/contract/saga.ts';
import { waitingIndexAttributes } from '../../lib/contract/waiting.ts';

/** A new outbox table, as the construct makes it; answers with its name. */
export async function createOutboxTable(client: DynamoDBClient): Promise<string> {
  return createTable(client, {
    ...keyed,
    AttributeDefinitions: [
      ...keyed.AttributeDefinitions,
      { AttributeName: table.waitingKey, AttributeType: 'S' },
      { AttributeName: table.dueAt, AttributeType: 'N' },
    ],
    GlobalSecondaryIndexes: [
      {
        IndexName: table.waitingIndex,
        KeySchema: [
          { AttributeName: table.waitingKey, KeyType: 'HASH' },
          { AttributeName: table.dueAt, KeyType: 'RANGE' },
        ],
        Projection: { ProjectionType: 'INCLUDE', NonKeyAttributes: [...waitingIndexAttributes] },
      },
    ],
    StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_IMAGE' },
  });
}

/** A new saga table, as the construct makes it. */
export async function createSagaTable(client: DynamoDBClient): Promise<string> {
  return createTable(client, {
    ...keyed,
    AttributeDefinitions: [
      ...keyed.AttributeDefinitions,
      { AttributeName: sagaTable.runningKey, AttributeType: 'S' },
      { AttributeName: sagaTable.overdueAt, AttributeType: 'N' },
    ],
    GlobalSecondaryIndexes: [
      {
        IndexName: sagaTable.runningIndex,
        KeySchema: [
          { AttributeName: sagaTable.runningKey, KeyType: 'HASH' },
          { AttributeName: sagaTable.overdueAt, KeyType: 'RANGE' },
        ],
        Projection: { ProjectionType: 'INCLUDE', NonKeyAttributes: [...runningIndexAttributes] },
      },
    ],
  });
}

/** A new table with string keys `pk` and `sk`: an inbox's, or a service's own. */
export async function createKeyedTable(client: DynamoDBClient): Promise<string> {
  return createTable(client, keyed);
}

/** A new table with one string key `id`: a service's own. */
export async function createIdTable(client: DynamoDBClient): Promise<string> {
  return createTable(client, {
    AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
    KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
  });
}

const keyed = {
  AttributeDefinitions: [
    { AttributeName: table.pk, AttributeType: 'S' as const },
    { AttributeName: table.sk, AttributeType: 'S' as const },
  ],
  KeySchema: [
    { AttributeName: table.pk, KeyType: 'HASH' as const },
    { AttributeName: table.sk, KeyType: 'RANGE' as const },
  ],
};

async function createTable(
  client: DynamoDBClient,
  input: Omit<CreateTableCommandInput, 'TableName' | 'BillingMode'>,
): Promise<string> {
  const TableName = `test-${randomUUID()}`;
  await client.send(
    new CreateTableCommand({ ...input, TableName, BillingMode: 'PAY_PER_REQUEST' }),
  );
  return TableName;
}
