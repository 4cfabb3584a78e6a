import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { createOutbox } from 'cdk-outbox/runtime';
import { tableSchemas, testEnvironment } from 'cdk-outbox/testing';

/** An outbox on DynamoDB Local, with a table of its own. */
export async function openLocalOutbox(endpoint: string, tableName: string) {
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
  const client = new DynamoDBClient({ endpoint, region: 'local', credentials });
  await client.send(new CreateTableCommand({ ...tableSchemas.outbox, TableName: tableName }));
  return createOutbox({
    documentClient: DynamoDBDocumentClient.from(client),
    environment: testEnvironment({ outbox: tableName }),
  });
}
