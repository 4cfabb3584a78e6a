import { PutItemCommand } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';

import { createDynamoDBOperateStore } from '../../lib/dynamodb/operate-store.ts';
import { describeOperateStore } from '../conformance/operate-store.ts';
import { createOutboxTable, localClient } from '../support/tables.ts';

describeOperateStore("the operator's store on DynamoDB", async ({ shards }) => {
  const client = localClient();
  const tableName = await createOutboxTable(client);
  return {
    store: createDynamoDBOperateStore({ client, tableName, shards }),
    put: async (row) => {
      await client.send(new PutItemCommand({ TableName: tableName, Item: marshall(row) }));
    },
  };
});
