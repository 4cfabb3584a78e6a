import { GetItemCommand } from '@aws-sdk/client-dynamodb';

import { groupBy } from '../core/group-by.ts';
import { holdKey, waitingPrefix } from '../table/keys.ts';
import { heldAggregateOf, holdsOf, rowToWaiting, type Waiting } from '../table/waiting.ts';
import { inParallel } from '../core/in-parallel.ts';
import type { WaitingRoom } from '../table/store.ts';
import { addOneWaiting } from './add-waiting.ts';
import { getAll } from './batch.ts';
import { toItemKey, toRow, type Item } from './item.ts';
import { maxParallelCalls, type OutboxTable } from './outbox-table.ts';

/** The waiting room, and the hold rows that count who waits for an ordered destination. */
export function createWaitingRoom(table: OutboxTable): WaitingRoom {
  const { client, tableName } = table;
  return {
    addWaiting: async (waiting) => {
      await inParallel(lanesOf(waiting), maxParallelCalls, async (lane) => {
        for (const one of lane) await addOneWaiting(table, one);
      });
    },
    heldAggregates: async (aggregates) => {
      const keys = [...new Set(aggregates)].map((aggregate) => toItemKey(holdKey(aggregate)));
      const holds = await getAll(table, keys);
      return new Set(holds.filter((hold) => holdsOf(toRow(hold)) > 0).map(aggregateOf));
    },
    getWaiting: async (key) => {
      const { Item } = await client.send(
        new GetItemCommand({ TableName: tableName, Key: toItemKey(key), ConsistentRead: true }),
      );
      return Item === undefined ? undefined : rowToWaiting(toRow(Item));
    },
  };
}

/** What may be added at the same time. Those that hold one aggregate go in turn: each counts in the same row. */
function lanesOf(waiting: readonly Waiting[]): Waiting[][] {
  return [...groupBy(waiting, (one) => heldAggregateOf(one) ?? one).values()];
}

function aggregateOf({ pk }: Item): string {
  return (pk?.S ?? '').slice(waitingPrefix.length);
}
