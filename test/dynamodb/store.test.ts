import { PutItemCommand, ScanCommand } from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';

import { createDynamoDBStore } from '../../lib/dynamodb/outbox-store.ts';
import { describeStore } from '../conformance/store.ts';
import { createOutboxTable, localClient } from '../support/tables.ts';

describeStore('the store on DynamoDB', async ({ shards }) => {
  const client = localClient();
  const tableName = await createOutboxTable(client);
  return {
    store: createDynamoDBStore({ client, tableName, shards }),
    put: async (row) => {
      await client.send(new PutItemCommand({ TableName: tableName, Item: marshall(row) }));
    },
    rows: async () => {
      const { Items = [] } = await client.send(
        new ScanCommand({ TableName: tableName, ConsistentRead: true }),
      );
      return Items.map((item) => unmarshall(item));
    },
  };
});
