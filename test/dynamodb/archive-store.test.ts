import { createDynamoDBArchiveStore } from '../../lib/dynamodb/archive-store.ts';
import { createDynamoDBSweepStore } from '../../lib/dynamodb/sweep-store.ts';
import { describeLateEntries } from '../conformance/late-entries.ts';
import { createOutboxTable, localClient } from '../support/tables.ts';

describeLateEntries('late entries on DynamoDB', async () => {
  const client = localClient();
  const options = { client, tableName: await createOutboxTable(client), shards: 4 };
  return { ...createDynamoDBSweepStore(options), ...createDynamoDBArchiveStore(options) };
});
