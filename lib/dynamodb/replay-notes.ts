import { ConditionalCheckFailedException, PutItemCommand } from '@aws-sdk/client-dynamodb';

import {
  replayKey,
  replayKeys,
  replayToRow,
  rowToReplay,
  type ReplayNote,
} from '../table/replay.ts';
import { toItem, toRow } from './item.ts';
import type { ReplayNotes } from '../table/operate-store.ts';
import { getRow } from './get-row.ts';
import type { OutboxTable } from './outbox-table.ts';
import { queryAll } from './query.ts';

/** Where replays note how far they came. */
export function createReplayNotes(table: OutboxTable): ReplayNotes {
  const { client, tableName } = table;
  return {
    readReplay: async (name) => {
      const row = await getRow(table, replayKey(name));
      return row === undefined ? undefined : rowToReplay(row);
    },
    listReplays: async () => {
      const { pk, from, to } = replayKeys();
      const items = await queryAll(table, {
        KeyConditionExpression: 'pk = :pk AND sk BETWEEN :from AND :to',
        ExpressionAttributeValues: { ':pk': { S: pk }, ':from': { S: from }, ':to': { S: to } },
      });
      return items.map((item) => rowToReplay(toRow(item)));
    },
    changeReplay: async (before, after) => {
      try {
        await client.send(
          new PutItemCommand({
            TableName: tableName,
            Item: toItem(replayToRow(after)),
            ...isUnchanged(before),
          }),
        );
        return true;
      } catch (error) {
        if (error instanceof ConditionalCheckFailedException) return false;
        throw error;
      }
    },
  };
}

/** The condition that a note is as it was read; `isSameReplay` says the same of two notes. */
function isUnchanged(
  before: ReplayNote | undefined,
): Pick<
  PutItemCommand['input'],
  'ConditionExpression' | 'ExpressionAttributeNames' | 'ExpressionAttributeValues'
> {
  if (before === undefined) return { ConditionExpression: 'attribute_not_exists(pk)' };
  const { replayId, run, endedAt } = before;
  return {
    ConditionExpression: [
      'replayId = :replayId',
      run === undefined ? 'attribute_not_exists(#run)' : '#run = :run',
      endedAt === undefined ? 'attribute_not_exists(endedAt)' : 'endedAt = :endedAt',
    ].join(' AND '),
    ExpressionAttributeNames: { '#run': 'run' },
    ExpressionAttributeValues: {
      ':replayId': { S: replayId },
      ...(run === undefined ? {} : { ':run': { S: run } }),
      ...(endedAt === undefined ? {} : { ':endedAt': { N: String(endedAt) } }),
    },
  };
}
