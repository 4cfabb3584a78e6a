import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';

import { createDynamoDBTransactor } from '../../lib/dynamodb/transactor.ts';
import { describeTransactor } from '../conformance/transactor.ts';
import { createKeyedTable, localClient } from '../support/tables.ts';

const client = localClient();

describeTransactor('the transactor on DynamoDB', async () => ({
  transactor: createDynamoDBTransactor(DynamoDBDocumentClient.from(client)),
  tableName: await createKeyedTable(client),
}));
