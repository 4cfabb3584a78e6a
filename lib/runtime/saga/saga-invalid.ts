import { OutboxError } from '../../contract/error.ts';

/** What is wrong with a definition, or with what a handler asks of its saga. */
export function sagaInvalid(saga: string, problem: string): OutboxError {
  return new OutboxError('SAGA_INVALID', `saga ${saga}: ${problem}`, { facts: { saga } });
}
