import type { Put, TransactWriteItem } from '@aws-sdk/client-dynamodb';

import { holdKey } from '../table/keys.ts';
import {
  heldAggregateOf,
  holdCount,
  keyOfWaiting,
  rowToWaiting,
  waitingToRow,
  type Waiting,
} from '../table/waiting.ts';
import { settlementRows } from './settlement-rows.ts';
import type { WaitingFlow } from '../table/sweep-store.ts';
import { asSeen, claim } from './claim.ts';
import { putIf, transactIf } from './decide.ts';
import { toItem, toItemKey, toRow, type Item } from './item.ts';
import type { OutboxTable } from './outbox-table.ts';
import { ask } from './query.ts';

/** The ways through the waiting room, each change on condition that the row is as it was seen. */
export function createWaitingFlow(
  table: OutboxTable,
  shards: number,
): Pick<WaitingFlow, 'firstInLine' | 'claimWaiting' | 'changeWaiting' | 'removeWaiting'> {
  const { tableName: TableName } = table;
  return {
    firstInLine: (aggregate) => firstInLine(table, aggregate),
    claimWaiting: (seen, until) => claim(table, seen, until),
    changeWaiting: (before, after) => {
      const put: Put = { TableName, Item: toItem(waitingToRow(after)), ...asSeen(before) };
      const count = countHolds(table, before, after);
      return count === undefined ? putIf(table, put) : transactIf(table, [{ Put: put }, count]);
    },
    removeWaiting: (before, settlement) => {
      const Key = toItemKey(keyOfWaiting(before.entry));
      const count = countHolds(table, before, undefined);
      return transactIf(table, [
        { Delete: { TableName, Key, ...asSeen(before) } },
        ...settlementRows(before, settlement, shards).map((row) => ({
          Put: { TableName, Item: toItem(row) },
        })),
        ...(count === undefined ? [] : [count]),
      ]);
    },
  };
}

async function firstInLine(table: OutboxTable, aggregate: string): Promise<Waiting | undefined> {
  const { pk, sk: hold } = holdKey(aggregate);
  let ExclusiveStartKey: Item | undefined;
  // Nearly always the first row is the one: to read more at once would only cost more.
  let Limit = 1;
  do {
    const answer = await ask(table, {
      // Sequences are digits, which sort before the hold row.
      KeyConditionExpression: 'pk = :pk AND sk < :hold',
      FilterExpression: 'holds = :true',
      ExpressionAttributeValues: {
        ':pk': { S: pk },
        ':hold': { S: hold },
        ':true': { BOOL: true },
      },
      ExclusiveStartKey,
      Limit,
    });
    const [first] = answer.Items ?? [];
    if (first !== undefined) return rowToWaiting(toRow(first));
    ExclusiveStartKey = answer.LastEvaluatedKey;
    Limit *= 10;
  } while (ExclusiveStartKey !== undefined);
  return undefined;
}

/** The change of the count of an aggregate's holds that a change of one of its rows brings, if any. */
function countHolds(
  { tableName }: OutboxTable,
  before: Waiting,
  after: Waiting | undefined,
): TransactWriteItem | undefined {
  const aggregate = heldAggregateOf({ ...before, holds: true });
  const delta = holdOf(after) - holdOf(before);
  if (aggregate === undefined || delta === 0) return undefined;
  return {
    Update: {
      TableName: tableName,
      Key: toItemKey(holdKey(aggregate)),
      UpdateExpression: `ADD ${holdCount} :delta`,
      ExpressionAttributeValues: { ':delta': { N: String(delta) } },
    },
  };
}

function holdOf(waiting: Waiting | undefined): 0 | 1 {
  return waiting?.holds === true ? 1 : 0;
}
