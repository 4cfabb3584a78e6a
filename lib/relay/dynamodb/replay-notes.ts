import { PutItemCommand } from '@aws-sdk/client-dynamodb';

import { replayKey, replayToRow, rowToReplay } from '../../contract/replay.ts';
import type { ReplayNotes } from '../operate-store.ts';
import { getRow } from './get-row.ts';
import { toItem } from '../../runtime/item.ts';
import type { OutboxTable } from './outbox-table.ts';

/** Where replays note how far they came. */
export function createReplayNotes(table: OutboxTable): ReplayNotes {
  const { client, tableName } = table;
  return {
    readReplay: async (name) => {
      const row = await getRow(table, replayKey(name));
      return row === undefined ? undefined : rowToReplay(row);
    },
    noteReplay: async (note) => {
      await client.send(
        new PutItemCommand({ TableName: tableName, Item: toItem(replayToRow(note)) }),
      );
    },
  };
}
