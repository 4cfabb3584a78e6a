import {
  ConditionalCheckFailedException,
  TransactionConflictException,
  UpdateItemCommand,
  type Delete,
  type UpdateItemCommandInput,
} from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';

import { claimedFrom, type SeenWaiting } from '../table/claim.ts';
import type { Row } from '../table/entry.ts';
import { table as names } from '../table/keys.ts';
import { rowToWaiting, waitingIndexKey, type Waiting } from '../table/waiting.ts';
import { toItemKey, toRow, type Item } from './item.ts';
import type { OutboxTable } from './outbox-table.ts';

/** A condition with its names and values. */
type Condition = Required<
  Pick<Delete, 'ConditionExpression' | 'ExpressionAttributeNames' | 'ExpressionAttributeValues'>
>;

/** That a row is still as it was seen, and counts as a hold as it did. */
export function asSeen({ state, attempts, dueAt, holds }: Waiting): Condition {
  return areAsSeen({ state, attempts, dueAt, holds });
}

/** Takes a row for one attempt. A conflict means that somebody else is at it. */
export async function claim(
  { client, tableName }: OutboxTable,
  seen: SeenWaiting,
  until: number,
): Promise<Waiting | undefined> {
  try {
    const { Attributes = {} } = await client.send(
      new UpdateItemCommand({ TableName: tableName, ...claimOf(seen, until) }),
    );
    return rowToWaiting(toRow(Attributes));
  } catch (error) {
    const isTaken =
      error instanceof ConditionalCheckFailedException ||
      error instanceof TransactionConflictException;
    if (isTaken) return undefined;
    throw error;
  }
}

function claimOf(seen: SeenWaiting, until: number): Omit<UpdateItemCommandInput, 'TableName'> {
  const { key, state, attempts, dueAt } = seen;
  const condition = areAsSeen({ state, attempts, dueAt });
  const changes: Row = {
    ...claimedFrom(seen, until),
    [names.waitingKey]: waitingIndexKey(key, 'retrying'),
  };
  const sets = Object.keys(changes).map((name) => `#${name} = :${name}`);
  return {
    Key: toItemKey(key),
    UpdateExpression: `SET ${sets.join(', ')}`,
    ...condition,
    ExpressionAttributeNames: { ...condition.ExpressionAttributeNames, ...namesOf(changes) },
    ExpressionAttributeValues: {
      ...condition.ExpressionAttributeValues,
      ...valuesOf(changes, ':'),
    },
    ReturnValues: 'ALL_NEW',
  };
}

/** That attributes are as they were seen. Whoever wrote a row by hand may have left one out. */
function areAsSeen(seen: Row): Condition {
  const clauses = Object.entries(seen).map(([name, value]) => {
    const isMissing = `attribute_not_exists(#${name})`;
    const isSame = `#${name} = :seen_${name}`;
    return value === undefined ? isMissing : isSame;
  });
  return {
    ConditionExpression: clauses.join(' AND '),
    ExpressionAttributeNames: namesOf(seen),
    ExpressionAttributeValues: valuesOf(seen, ':seen_'),
  };
}

function namesOf(row: Row): Record<string, string> {
  return Object.fromEntries(Object.keys(row).map((name) => [`#${name}`, name]));
}

function valuesOf(row: Row, prefix: string): Item {
  const named = Object.entries(row).map(([name, value]) => [`${prefix}${name}`, value] as const);
  return marshall(Object.fromEntries(named), { removeUndefinedValues: true });
}
