import { cancellationReasons } from '../dynamodb/dynamodb-errors.ts';
import { isCounterAction } from './sequence.ts';
import type { Action } from '../dynamodb/transactor.ts';

/**
 * Whether a transaction failed for nothing but its sequence counters (and conflicts, which pass): then
 * the same events, prepared again, may succeed.
 */
export function isLostSequenceRace(
  error: unknown,
  { actions, tableName }: { actions: readonly Action[]; tableName: string },
): boolean {
  const reasons = cancellationReasons(error) ?? [];
  const failures = reasons
    .map(({ Code }, index) => ({
      code: Code,
      isCounter: isCounterAction(actions[index], tableName),
    }))
    .filter(({ code }) => code !== 'None');
  const isConflict = (code: string | undefined): boolean => code === 'TransactionConflict';
  return (
    failures.some(({ isCounter }) => isCounter) &&
    failures.every(
      ({ code, isCounter }) => isConflict(code) || (isCounter && code === 'ConditionalCheckFailed'),
    )
  );
}
