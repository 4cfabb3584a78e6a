import { OutboxError } from '../core/errors.ts';
import { NotLosslessError, toLosslessJson } from '../events/lossless-json.ts';

/** What is wrong with a definition, or with what a handler asks of its saga. */
export function sagaInvalid(saga: string, problem: string): OutboxError {
  return new OutboxError('SAGA_INVALID', `saga ${saga}: ${problem}`, { facts: { saga } });
}

/** What a saga keeps, as JSON text. @throws OutboxError `SAGA_INVALID` for a value that JSON would change */
export function toSagaJson(saga: string, value: unknown): string {
  try {
    return toLosslessJson(value);
  } catch (error) {
    if (!(error instanceof NotLosslessError)) throw error;
    throw sagaInvalid(saga, `what it keeps would not be the same after JSON: ${error.message}`);
  }
}
