import {
  ConditionalCheckFailedException,
  TransactionConflictException,
  UpdateItemCommand,
  type Delete,
  type UpdateItemCommandInput,
} from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';

import { table as names } from '../../contract/keys.ts';
import { rowToWaiting, waitingIndexKey, type Waiting } from '../../contract/waiting.ts';
import type { SeenWaiting } from '../sweep-store.ts';
import { toItemKey, toRow } from './item.ts';
import type { OutboxTable } from './outbox-table.ts';

/** A condition with its names and values. */
type Condition = Required<
  Pick<Delete, 'ConditionExpression' | 'ExpressionAttributeNames' | 'ExpressionAttributeValues'>
>;

/** That a row is still as it was seen, and counts as a hold as it did. */
export function asSeen(before: Waiting): Condition {
  const { ConditionExpression, ...condition } = isAsSeen(before);
  const holdsAsSeen = '#holds = :seenHolds';
  return {
    ConditionExpression: [ConditionExpression, holdsAsSeen].join(' AND '),
    ExpressionAttributeNames: { ...condition.ExpressionAttributeNames, '#holds': 'holds' },
    ExpressionAttributeValues: {
      ...condition.ExpressionAttributeValues,
      ':seenHolds': { BOOL: before.holds },
    },
  };
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
  const condition = isAsSeen(seen);
  const changes = [
    '#state = :retrying',
    `${names.waitingKey} = :waitingKey`,
    '#dueAt = :until',
    '#attempts = #attempts + :one',
    'unanswered = if_not_exists(unanswered, :zero) + :one',
    ...(seen.state === 'deferred' ? ['pageless = :true'] : []),
  ];
  const values = {
    ':retrying': 'retrying',
    ':waitingKey': waitingIndexKey(seen.key, 'retrying'),
    ':until': until,
    ':one': 1,
    ':zero': 0,
    ...(seen.state === 'deferred' ? { ':true': true } : {}),
  };
  return {
    Key: toItemKey(seen.key),
    UpdateExpression: `SET ${changes.join(', ')}`,
    ...condition,
    ExpressionAttributeValues: { ...condition.ExpressionAttributeValues, ...marshall(values) },
    ReturnValues: 'ALL_NEW',
  };
}

function isAsSeen({ state, attempts, dueAt }: Omit<SeenWaiting, 'key'>): Condition {
  const stateAsSeen = '#state = :seenState';
  const attemptsAsSeen = '#attempts = :seenAttempts';
  const dueAtAsSeen = '#dueAt = :seenDueAt';
  return {
    ConditionExpression: [stateAsSeen, attemptsAsSeen, dueAtAsSeen].join(' AND '),
    ExpressionAttributeNames: {
      '#state': 'state',
      '#attempts': 'attempts',
      '#dueAt': names.dueAt,
    },
    ExpressionAttributeValues: {
      ':seenState': { S: state },
      ':seenAttempts': { N: String(attempts) },
      ':seenDueAt': { N: String(dueAt) },
    },
  };
}
