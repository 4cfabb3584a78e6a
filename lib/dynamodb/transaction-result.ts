import type { CancellationReason, TransactionResult } from './transactor.ts';

/** An action that stopped its transaction, by its index. */
export interface ActionFailure {
  readonly index: number;
  readonly reason: CancellationReason;
}

/** What an answer of the database means for whoever sent the transaction. */
export type Verdict =
  | { readonly status: 'committed' }
  | ({ readonly status: 'condition-failed' } & Refusal)
  | ({ readonly status: 'refused' } & Refusal)
  | ({ readonly status: 'try-again' } & TryAgain);

export interface Refusal {
  /** Never empty. */
  readonly failures: readonly ActionFailure[];
  readonly cause?: unknown;
}

export interface TryAgain {
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
 * Reads an answer action by action. A failed condition counts most: no retry changes it, whatever else
 * was in the way. Then come reasons that would only return, such as an item that is malformed.
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
