import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { inject } from 'vitest';

export { createKeyedTable, createOutboxTable, createSagaTable } from './create-tables.ts';

export function localClient(): DynamoDBClient {
  return new DynamoDBClient({
    endpoint: inject('dynamoDBEndpoint'),
    region: 'local',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  });
}
