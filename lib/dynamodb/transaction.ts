import { randomUUID } from 'node:crypto';

import { OutboxError } from '../core/errors.ts';
import { tableNameOf } from './action.ts';
import { backoffMs, type Backoff } from '../core/retry.ts';
import { checkToken, checkTransaction } from './check-transaction.ts';
import type { Clock, Log, Random } from '../core/ports.ts';
import { toVerdict, type Refusal, type TryAgain } from './transaction-result.ts';
import type { Action, SingleAction, TransactionResult, Transactor } from './transactor.ts';

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
  | ({ readonly status: 'condition-failed' } & Refusal);

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
 * Where it throws anything but an {@link OutboxError} (the connection broke, and the client gave up),
 * or `TRANSACTION_CONFLICT`, nobody knows whether it was committed, until it is sent again with the
 * same token.
 *
 * @throws OutboxError what {@link checkTransaction} finds, before anything is sent; `TOKEN_INVALID`,
 * `TOKEN_MISMATCH`, `TABLE_NOT_FOUND`, `DUPLICATE_ITEM`; `TRANSACTION_CONFLICT` after the last try;
 * `TRANSACTION_CANCELLED` for any other reason that the database gives
 */
export async function commit(
  transactor: Transactor,
  actions: readonly Action[],
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
  actions: readonly Action[],
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
  facts: { codes: readonly string[]; attempts: number; token: string | undefined },
  cause: unknown,
): OutboxError {
  return new OutboxError(
    'TRANSACTION_CONFLICT',
    `the transaction met ${facts.codes.join(', ')} in each of ${facts.attempts} tries: ` +
      'others write the same items, or the table is throttled. Try again later with the same token, ' +
      'or spread the writes over more items',
    { facts, cause },
  );
}

function cancelled({ failures, cause }: Refusal, actions: readonly Action[]): OutboxError {
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
    { facts: { reasons }, cause },
  );
}
