import type { CancellationReason as ThrownReason } from '@aws-sdk/client-dynamodb';

import { OutboxError } from '../contract/error.ts';

/** Exceptions after which the same call, made again, tells the outcome. */
const busy: ReadonlySet<string> = new Set([
  'TransactionInProgressException',
  'ProvisionedThroughputExceededException',
  'ThrottlingException',
  'RequestLimitExceeded',
]);

/** Why DynamoDB cancelled a transaction, one reason per action; `undefined` where `error` is something else. */
export function cancellationReasons(error: unknown): readonly ThrownReason[] | undefined {
  const { name, CancellationReasons } = toThrown(error);
  return name === 'TransactionCanceledException' ? CancellationReasons : undefined;
}

/** The exception's name, where all it says is that the database is busy. */
export function busyCode(error: unknown): string | undefined {
  const { name } = toThrown(error);
  return busy.has(name) ? name : undefined;
}

/** What to throw for an exception of the client: one that says how to mend it, or the exception itself. */
export function explain(cause: unknown, tableNames: readonly string[]): unknown {
  const { name, message } = toThrown(cause);
  const options = { facts: { tableNames }, cause };
  const tables = tableNames.join(', ');
  if (name === 'ResourceNotFoundException') {
    return new OutboxError(
      'TABLE_NOT_FOUND',
      `a table does not exist in this account and region, one of: ${tables}. Check the names, the region and that the stack is deployed`,
      options,
    );
  }
  if (name === 'IdempotentParameterMismatchException') {
    return new OutboxError(
      'TOKEN_MISMATCH',
      'the token was used within ten minutes for another transaction: repeat the very same one, ' +
        'event ids and context included, or take a new token',
      options,
    );
  }
  // DynamoDB has no name of its own for it.
  if (name === 'ValidationException' && message.includes('multiple operations on one item')) {
    return new OutboxError(
      'DUPLICATE_ITEM',
      `a transaction takes one action on an item, but two are on the same item of one of: ${tables}. ` +
        'Make them one, for example a condition check part of the update',
      options,
    );
  }
  return cause;
}

/** What the client threw, as far as it is read here: by name, since `instanceof` fails across copies of the SDK. */
interface Thrown {
  readonly name: string;
  readonly message: string;
  readonly CancellationReasons?: readonly ThrownReason[];
}

function toThrown(error: unknown): Thrown {
  return error instanceof Error ? error : { name: '', message: '' };
}
