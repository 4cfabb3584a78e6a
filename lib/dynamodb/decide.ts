import {
  ConditionalCheckFailedException,
  PutItemCommand,
  TransactionCanceledException,
  TransactionConflictException,
  TransactWriteItemsCommand,
  type Put,
  type TransactWriteItem,
} from '@aws-sdk/client-dynamodb';

import { OutboxError } from '../core/errors.ts';
import { toVerdict } from './transaction-result.ts';
import type { OutboxTable } from './outbox-table.ts';
import { patience, untilDone } from './patience.ts';

/**
 * Writes one item if its condition holds, and answers whether it did. A conflict is tried again.
 *
 * @throws OutboxError `TRANSACTION_CONFLICT` after the last try
 */
export function putIf(table: OutboxTable, put: Put): Promise<boolean> {
  return decide(table, async () => {
    try {
      await table.client.send(new PutItemCommand(put));
      return true;
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) return false;
      if (error instanceof TransactionConflictException) return undefined;
      throw error;
    }
  });
}

/**
 * Writes all items if every condition holds, else none, and answers whether they did. A conflict is tried again.
 *
 * @throws OutboxError `TRANSACTION_CONFLICT` after the last try; `TRANSACTION_CANCELLED` for a reason that no
 * further try mends
 */
export function transactIf(
  table: OutboxTable,
  actions: readonly TransactWriteItem[],
): Promise<boolean> {
  return decide(table, async () => {
    try {
      await table.client.send(new TransactWriteItemsCommand({ TransactItems: [...actions] }));
      return true;
    } catch (error) {
      if (error instanceof TransactionCanceledException) return conditionsHeld(error);
      throw error;
    }
  });
}

/** Tries until an attempt knows; one that met a conflict does not. */
async function decide(
  table: OutboxTable,
  attempt: () => Promise<boolean | undefined>,
): Promise<boolean> {
  let answer: boolean | undefined;
  await untilDone(async () => {
    answer = await attempt();
    return answer !== undefined;
  }, table);
  if (answer === undefined) throw inConflict();
  return answer;
}

function conditionsHeld(cancellation: TransactionCanceledException): false | undefined {
  const codes = (cancellation.CancellationReasons ?? []).map(({ Code = 'None' }) => Code);
  const reasons = codes.map((code) => ({ code }));
  const verdict = toVerdict({ status: 'cancelled', reasons, cause: cancellation });
  if (verdict.status === 'condition-failed') return false;
  if (verdict.status === 'try-again') return undefined;
  throw new OutboxError(
    'TRANSACTION_CANCELLED',
    `the database refused a change of the waiting room: ${codes.join(', ')}`,
    { facts: { codes }, cause: cancellation },
  );
}

function inConflict(): OutboxError {
  return new OutboxError(
    'TRANSACTION_CONFLICT',
    `a row of the waiting room could not be changed in ${patience.maxTries} tries: ` +
      'others write to it, or the table throttles; it is looked at again when it is due',
    { facts: { tries: patience.maxTries } },
  );
}
