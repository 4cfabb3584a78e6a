import { PutItemCommand, ScanCommand } from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';

import { createDynamoDBSweepStore } from '../../lib/dynamodb/sweep-store.ts';
import { describeSweepStore } from '../conformance/sweep-store.ts';
import { createOutboxTable, localClient } from '../support/tables.ts';

describeSweepStore(
  "the sweeper's store on DynamoDB",
  async ({ shards }) => {
    const client = localClient();
    const tableName = await createOutboxTable(client);
    return {
      store: createDynamoDBSweepStore({ client, tableName, shards }),
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
  },
  { interleavings: 15 },
);
