import {
  ConditionalCheckFailedException,
  PutItemCommand,
  TransactionCanceledException,
  TransactionConflictException,
  TransactWriteItemsCommand,
  type Put,
  type Update,
} from '@aws-sdk/client-dynamodb';

import { OutboxError } from '../core/errors.ts';
import { holdKey, type Key } from '../table/keys.ts';
import {
  heldAggregateOf,
  holdCount,
  keyOfWaiting,
  waitingToRow,
  type Waiting,
} from '../table/waiting.ts';
import { toVerdict } from './transaction-result.ts';
import { toItem, toItemKey } from './item.ts';
import type { OutboxTable } from './outbox-table.ts';
import { patience, untilDone } from './patience.ts';

/**
 * Adds one entry to the waiting room, unless it waits already.
 *
 * One that holds its aggregate is added and counted in one transaction, on condition that it is new: it
 * counts once, whoever adds it, however often, and whichever answer is lost.
 *
 * @throws OutboxError `TRANSACTION_CONFLICT` after the last try; `TRANSACTION_CANCELLED` for a reason
 * that no further try mends; `ITEM_TOO_LARGE`
 */
export async function addOneWaiting(table: OutboxTable, waiting: Waiting): Promise<void> {
  const put = putOf(table, waiting);
  const aggregate = heldAggregateOf(waiting);
  const attempt =
    aggregate === undefined
      ? () => sendPut(table, put)
      : () => sendPutAndCount(table, put, countOf(table, aggregate));
  if (!(await untilDone(attempt, table))) throw inConflict(keyOfWaiting(waiting.entry));
}

function putOf({ tableName }: OutboxTable, waiting: Waiting): Put {
  const waitsNotYet = 'attribute_not_exists(pk)';
  return {
    TableName: tableName,
    Item: toItem(waitingToRow(waiting)),
    ConditionExpression: waitsNotYet,
  };
}

function countOf({ tableName }: OutboxTable, aggregate: string): Update {
  return {
    TableName: tableName,
    Key: toItemKey(holdKey(aggregate)),
    UpdateExpression: `ADD ${holdCount} :one`,
    ExpressionAttributeValues: { ':one': { N: '1' } },
  };
}

/** Answers whether the entry waits now. */
async function sendPut({ client }: OutboxTable, put: Put): Promise<boolean> {
  try {
    await client.send(new PutItemCommand(put));
    return true;
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return true;
    if (error instanceof TransactionConflictException) return false;
    throw error;
  }
}

/** Answers whether the entry waits now, and is counted. */
async function sendPutAndCount({ client }: OutboxTable, put: Put, count: Update): Promise<boolean> {
  try {
    await client.send(
      new TransactWriteItemsCommand({ TransactItems: [{ Put: put }, { Update: count }] }),
    );
    return true;
  } catch (error) {
    if (error instanceof TransactionCanceledException) return waitsAfter(error);
    throw error;
  }
}

/** Whether the entry waits although its transaction was cancelled. */
function waitsAfter(cancellation: TransactionCanceledException): boolean {
  const reasons = (cancellation.CancellationReasons ?? []).map(({ Code = 'None' }) => ({
    code: Code,
  }));
  const verdict = toVerdict({ status: 'cancelled', reasons, cause: cancellation });
  if (verdict.status === 'refused') throw refused(cancellation);
  // Only the Put has a condition: where it fails, the entry waits already, and was counted when it came.
  return verdict.status === 'condition-failed';
}

function refused(cancellation: TransactionCanceledException): OutboxError {
  const codes = (cancellation.CancellationReasons ?? []).map(({ Code }) => Code);
  return new OutboxError(
    'TRANSACTION_CANCELLED',
    `the database refused to add to the waiting room: ${codes.join(', ')}`,
    { facts: { codes }, cause: cancellation },
  );
}

function inConflict({ pk, sk }: Key): OutboxError {
  return new OutboxError(
    'TRANSACTION_CONFLICT',
    `waiting row ${pk} / ${sk} could not be written in ${patience.maxTries} tries: ` +
      'others write rows of its aggregate, or the table throttles; it is added when its batch comes again',
    { facts: { pk, sk, tries: patience.maxTries } },
  );
}
