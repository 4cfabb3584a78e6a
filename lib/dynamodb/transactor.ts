import type { TransactWriteCommandInput } from '@aws-sdk/lib-dynamodb';

import type { Row } from '../table/entry.ts';

/** One action of a transaction, in the document client's shape: a Put, Update, Delete or ConditionCheck. */
export type Action = NonNullable<TransactWriteCommandInput['TransactItems']>[number];

/** An action that can be sent alone. A condition check alone would write nothing. */
export type SingleAction = Omit<Action, 'ConditionCheck'>;

/**
 * Why an action stopped its transaction; `None` for one that did not.
 * https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_CancellationReason.html
 */
export interface CancellationReason {
  readonly code: string;
  readonly message?: string;
  /** The item as it was, where the action asked for it on a failed condition; decoded as the caller's client does. */
  readonly item?: Row;
  /** The same item with plain numbers, whatever the settings of the client: rows of the package are read from it. */
  readonly row?: Row;
}

/**
 * What became of a transaction. Where it was cancelled, `reasons` has one entry per action, in their
 * order. `busy` is neither: the database throttles, or is still at work on a call with the same
 * token; the same call, made again, tells.
 */
export type TransactionResult =
  | { readonly status: 'committed' }
  | {
      readonly status: 'cancelled';
      readonly reasons: readonly CancellationReason[];
      readonly cause?: unknown;
    }
  | { readonly status: 'busy'; readonly code: string; readonly cause?: unknown };

/** The database as writers and inboxes see it: all of a transaction, or nothing. */
export interface Transactor {
  /**
   * Sends one transaction. Calling again with the same token and actions within ten minutes of
   * success changes nothing. Throws where the outcome is unknown or the call was refused whole.
   */
  transact(actions: readonly Action[], token: string): Promise<TransactionResult>;
  /**
   * Sends one action by itself, for half the write units. `reasons` has one entry where it is cancelled.
   *
   * There is no token: where an answer is lost and the client tries again, the condition may fail because of
   * the first try. Ask for the old item, and see whose it is.
   */
  write(action: SingleAction): Promise<TransactionResult>;
  /** Reads one item, consistently. */
  get(tableName: string, key: Row): Promise<Row | undefined>;
}
