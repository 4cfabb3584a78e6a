import type { CancellationReason as ThrownReason } from '@aws-sdk/client-dynamodb';

import { duplicateItem, tableNotFound, tokenMismatch } from './transactor-errors.ts';

/** Exceptions after which the same call, made again, tells the outcome. */
const busy: ReadonlySet<string> = new Set([
  'TransactionConflictException',
  'TransactionInProgressException',
  'ProvisionedThroughputExceededException',
  'ThrottlingException',
  'RequestLimitExceeded',
]);

/**
 * Why DynamoDB cancelled a transaction, one reason per action, or refused a single action; `undefined` where
 * `error` is something else.
 */
export function cancellationReasons(error: unknown): readonly ThrownReason[] | undefined {
  const { name, message, CancellationReasons, Item } = toThrown(error);
  if (name === 'TransactionCanceledException') return CancellationReasons;
  return name === 'ConditionalCheckFailedException'
    ? [{ Code: 'ConditionalCheckFailed', Message: message, Item }]
    : undefined;
}

/**
 * The same exception, whose items can still be read, and which logs leave out: they print whatever can be enumerated,
 * of causes too.
 */
export function hideItems(error: unknown): unknown {
  const { CancellationReasons = [] } = toThrown(error);
  for (const holder of [error, ...CancellationReasons]) {
    const hasItem = typeof holder === 'object' && holder !== null && 'Item' in holder;
    if (hasItem) Object.defineProperty(holder, 'Item', { enumerable: false });
  }
  return error;
}

/** The exception's name, where all it says is that the database is busy. */
export function busyCode(error: unknown): string | undefined {
  const { name } = toThrown(error);
  return busy.has(name) ? name : undefined;
}

/** What to throw for an exception of the client: an error that says how to mend it, or the exception itself. */
export function explain(cause: unknown, tableNames: readonly string[]): unknown {
  const { name, message } = toThrown(cause);
  if (name === 'ResourceNotFoundException') return tableNotFound(tableNames, cause);
  if (name === 'IdempotentParameterMismatchException') return tokenMismatch(tableNames, cause);
  // DynamoDB gives this one no name of its own.
  const isDuplicate =
    name === 'ValidationException' && message.includes('multiple operations on one item');
  return isDuplicate ? duplicateItem(tableNames, cause) : cause;
}

/** What the client threw, as far as it is read here: by name, since `instanceof` fails across copies of the SDK. */
interface Thrown {
  readonly name: string;
  readonly message: string;
  readonly CancellationReasons?: readonly ThrownReason[];
  readonly Item?: ThrownReason['Item'];
}

function toThrown(error: unknown): Thrown {
  return error instanceof Error ? error : { name: '', message: '' };
}
