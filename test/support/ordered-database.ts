import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { ScanCommand } from '@aws-sdk/lib-dynamodb';

import type { Row } from '../../lib/table/entry.ts';
import { readRangeWith, type ReadRange } from '../../lib/inbox/ordered/history.ts';
import { createDynamoDBTransactor } from '../../lib/dynamodb/transactor.ts';
import type { TransactItem, Transactor } from '../../lib/dynamodb/actions.ts';
import {
  createMemoryTransactor,
  type MemoryTransactor,
} from '../../lib/testing/memory-transactor.ts';
import type { WorldDatabase } from './ordered-world.ts';

const tableName = 'inbox';

/** A database in memory with the inbox's table, and one of effects by `id`. */
export function memoryDatabase(): WorldDatabase {
  const transactor = createMemoryTransactor({ [tableName]: ['pk', 'sk'], effects: ['id'] });
  return {
    transactor,
    tableName,
    readRange: memoryRange(transactor),
    rows: () => Promise.resolve(transactor.rows(tableName)),
  };
}

function memoryRange(transactor: MemoryTransactor): ReadRange {
  return (name, { pk, from, to, limit }) => {
    const found = transactor
      .rows(name)
      .filter((row) => row['pk'] === pk && String(row['sk']) >= from && String(row['sk']) <= to);
    const sorted = found.toSorted((a, b) => (String(a['sk']) < String(b['sk']) ? -1 : 1));
    return Promise.resolve(sorted.slice(0, limit));
  };
}

/** DynamoDB Local, with a table of the inbox's own. */
export function localDatabase(client: DynamoDBDocumentClient, table: string): WorldDatabase {
  return {
    transactor: createDynamoDBTransactor(client),
    tableName: table,
    readRange: readRangeWith(client),
    rows: async () => {
      const command = new ScanCommand({ TableName: table, ConsistentRead: true });
      return (await client.send(command)).Items ?? [];
    },
  };
}

/** The items that were put into a table, in the order in which they were committed. */
export function committedTo(
  effects: string,
  transactor: Transactor,
): { transactor: Transactor; committed: Row[] } {
  const committed: Row[] = [];
  const note = (actions: readonly TransactItem[]): void => {
    for (const { Put } of actions) if (Put?.TableName === effects) committed.push(Put.Item ?? {});
  };
  return {
    committed,
    transactor: {
      ...transactor,
      transact: async (actions, token) => {
        const result = await transactor.transact(actions, token);
        if (result.status === 'committed') note(actions);
        return result;
      },
    },
  };
}
