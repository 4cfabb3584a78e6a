import { DeleteItemCommand } from '@aws-sdk/client-dynamodb';

import { systemClock } from '../core/system.ts';
import { lateKey, lateKeys, rowToLate } from '../table/archive.ts';
import { sortKeysSince } from '../table/keys.ts';
import type { ArchiveStore, LateEntries } from '../table/stores.ts';
import { toItemKey, toRow } from './items.ts';
import { createNotes, type DynamoDBStoreOptions } from './outbox-store.ts';
import { answersTo, type OutboxTable } from './outbox-table.ts';
import { createPageWalk } from './page-walk.ts';
import { createSweepNotes } from './sweep-store.ts';

/** The archiver's store on DynamoDB. */
export function createDynamoDBArchiveStore(options: DynamoDBStoreOptions): ArchiveStore {
  const { shards, clock = systemClock, random = Math.random, ...rest } = options;
  const table = { ...rest, clock, random };
  return {
    ...createPageWalk(table, shards),
    ...createNotes(table),
    ...createSweepNotes(table),
    ...createLateEntries(table),
  };
}

/** Entries that left the waiting room late. */
function createLateEntries(table: OutboxTable): LateEntries {
  const { client, tableName } = table;
  return {
    listLate: async function* (before) {
      const { from: end } = sortKeysSince('', before);
      for (const pk of lateKeys) {
        const question = {
          KeyConditionExpression: 'pk = :pk AND sk < :end',
          ExpressionAttributeValues: { ':pk': { S: pk }, ':end': { S: end } },
        };
        for await (const { Items = [] } of answersTo(table, question)) {
          if (Items.length > 0) yield Items.map((item) => rowToLate(toRow(item)));
        }
      }
    },
    removeLate: async (eventId) => {
      await client.send(
        new DeleteItemCommand({ TableName: tableName, Key: toItemKey(lateKey(eventId)) }),
      );
    },
  };
}
