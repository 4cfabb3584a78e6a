import { randomUUID } from 'node:crypto';

import { OutboxError } from '../core/errors.ts';
import type { Clock, Log, Random } from '../core/ports.ts';
import { backoffMs, type Backoff } from '../core/retry.ts';
import {
  checkToken,
  checkTransaction,
  tableNameOf,
  type TransactItem,
  type CancellationReason,
  type SingleAction,
  type TransactionResult,
  type Transactor,
} from './actions.ts';

/** How a transaction is sent. */
export interface CommitOptions {
  /**
   * ClientRequestToken, 1 to 36 characters: for ten minutes after success, the same token with the
   * same actions changes nothing.
   *
   * @default - a new one for each call of `commit`, kept for all its tries
   */
  readonly token?: string;
  readonly clock: Clock;
  readonly random: Random;
  /** @default - silent */
  readonly log?: Log;
  /**
   * Tries in all, where each meets a conflict or is throttled.
   *
   * @default 8
   */
  readonly maxAttempts?: number;
}

/** All was written; or nothing was, since conditions failed. */
export type CommitResult =
  | { readonly status: 'committed'; readonly attempts: number }
  | ({ readonly status: 'condition-failed' } & TransactionRefusal);

export const commitDefaults = {
  maxAttempts: 8,
  backoff: { baseMs: 50, maxMs: 2000 } satisfies Backoff,
} as const;

/**
 * Sends one transaction until the database has decided: all of its actions, or none.
 *
 * Conflicts with other writers and throttling are tried again after a jittered wait, with the same
 * token, so that a lost answer cannot make it happen twice. A failed condition is never tried again:
 * it is an answer, and `failures` names the actions by their index.
 *
 * Where it throws anything but an {@link OutboxError} (the connection broke, and the client's retries failed),
 * or `TRANSACTION_CONFLICT`, it is unknown whether it was committed, until it is sent again with the
 * same token.
 *
 * @throws OutboxError what {@link checkTransaction} finds, before anything is sent; `TOKEN_INVALID`,
 * `TOKEN_MISMATCH`, `TABLE_NOT_FOUND`, `DUPLICATE_ITEM`; `TRANSACTION_CONFLICT` after the last try;
 * `TRANSACTION_CANCELLED` for any other reason that the database gives
 */
export async function commit(
  transactor: Transactor,
  actions: readonly TransactItem[],
  options: CommitOptions,
): Promise<CommitResult> {
  const { token = randomUUID() } = options;
  checkToken(token);
  checkTransaction(actions);
  const send = (): Promise<TransactionResult> => transactor.transact(actions, token);
  return untilDecided(send, actions, { ...options, token });
}

/**
 * Sends one action by itself, for half the write units of a transaction, until the database has decided.
 *
 * Conflicts and throttling are tried again as by {@link commit}. Where an answer is lost, a failed condition may
 * be the doing of the first try: ask for the old item to tell.
 *
 * @throws OutboxError as {@link commit} does
 */
export async function commitAlone(
  transactor: Transactor,
  action: SingleAction,
  options: Omit<CommitOptions, 'token'>,
): Promise<CommitResult> {
  checkTransaction([action]);
  return untilDecided(() => transactor.write(action), [action], options);
}

async function untilDecided(
  send: () => Promise<TransactionResult>,
  actions: readonly TransactItem[],
  options: CommitOptions,
): Promise<CommitResult> {
  for (let attempt = 1; ; attempt++) {
    const verdict = toVerdict(await send());
    if (verdict.status === 'committed') return { status: 'committed', attempts: attempt };
    if (verdict.status === 'condition-failed') return verdict;
    if (verdict.status === 'refused') throw cancelled(verdict, actions);
    await waitOrGiveUp(verdict, { ...options, attempt });
  }
}

async function waitOrGiveUp(
  { codes, cause }: TryAgain,
  options: CommitOptions & { attempt: number },
): Promise<void> {
  const { clock, random, log, token, attempt, maxAttempts = commitDefaults.maxAttempts } = options;
  if (attempt >= maxAttempts) throw conflict({ codes, attempts: attempt, token }, cause);
  log?.debug('transaction is tried again', { token, attempt, codes });
  await clock.sleep(backoffMs(attempt, commitDefaults.backoff, random));
}

function conflict(
  details: { codes: readonly string[]; attempts: number; token: string | undefined },
  cause: unknown,
): OutboxError {
  return new OutboxError(
    'TRANSACTION_CONFLICT',
    `the transaction met ${details.codes.join(', ')} in each of ${details.attempts} tries: ` +
      'others write the same items, or the table is throttled. Try again later with the same token, ' +
      'or spread the writes over more items',
    { details, cause },
  );
}

function cancelled(
  { failures, cause }: TransactionRefusal,
  actions: readonly TransactItem[],
): OutboxError {
  const reasons = failures.map(({ index, reason: { code, message } }) => ({
    index,
    tableName: tableNameOf(actions[index]),
    code,
    message,
  }));
  const told = reasons.map(
    (reason) => `action ${reason.index} (table ${reason.tableName}): ${reason.code}`,
  );
  return new OutboxError(
    'TRANSACTION_CANCELLED',
    `the database refused the transaction: ${told.join('; ')}`,
    { details: { reasons }, cause },
  );
}

/** An action that stopped its transaction, by its index. */
export interface ActionFailure {
  readonly index: number;
  readonly reason: CancellationReason;
}

/** What a response of the database means for the caller. */
export type Verdict =
  | { readonly status: 'committed' }
  | ({ readonly status: 'condition-failed' } & TransactionRefusal)
  | ({ readonly status: 'refused' } & TransactionRefusal)
  | ({ readonly status: 'try-again' } & TryAgain);

export interface TransactionRefusal {
  /** Never empty. */
  readonly failures: readonly ActionFailure[];
  readonly cause?: unknown;
}

interface TryAgain {
  readonly codes: readonly string[];
  readonly cause?: unknown;
}

const conditionFailed = 'ConditionalCheckFailed';

/** Reasons that pass by themselves. https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html */
const passing: ReadonlySet<string> = new Set([
  'TransactionConflict',
  'ThrottlingError',
  'ProvisionedThroughputExceeded',
]);

/**
 * Reads an answer action by action. A failed condition counts most: no retry changes it, regardless of the
 * other reasons. Then come reasons that would only return, such as an item that is malformed.
 */
export function toVerdict(result: TransactionResult): Verdict {
  if (result.status === 'committed') return result;
  const { cause } = result;
  if (result.status === 'busy') return { status: 'try-again', codes: [result.code], cause };
  const failures = failuresOf(result.reasons);
  const failedConditions = failures.filter(({ reason }) => reason.code === conditionFailed);
  if (failedConditions.length > 0) {
    return { status: 'condition-failed', failures: failedConditions, cause };
  }
  const codes = failures.map(({ reason }) => reason.code);
  const isPassing = codes.length > 0 && codes.every((code) => passing.has(code));
  return isPassing
    ? { status: 'try-again', codes: [...new Set(codes)], cause }
    : { status: 'refused', failures, cause };
}

function failuresOf(reasons: readonly CancellationReason[]): ActionFailure[] {
  return reasons
    .map((reason, index) => ({ index, reason }))
    .filter(({ reason }) => reason.code !== 'None');
}
