import { randomUUID } from 'node:crypto';

import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { CreateTableCommand, type CreateTableCommandInput } from '@aws-sdk/client-dynamodb';

import { tableSchemas } from '../../lib/testing/local-tables.ts';

/** A new outbox table, as the construct makes it; answers with its name. */
export async function createOutboxTable(client: DynamoDBClient): Promise<string> {
  return createTable(client, tableSchemas.outbox);
}

/** A new saga table, as the construct makes it. */
export async function createSagaTable(client: DynamoDBClient): Promise<string> {
  return createTable(client, tableSchemas.saga);
}

/** A new table with string keys `pk` and `sk`: an inbox's, or a service's own. */
export async function createKeyedTable(client: DynamoDBClient): Promise<string> {
  return createTable(client, tableSchemas.inbox);
}

/** A new table with one string key `id`: a service's own. */
export async function createIdTable(client: DynamoDBClient): Promise<string> {
  return createTable(client, {
    AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
    KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
  });
}

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
