import { OutboxError } from '../core/errors.ts';

/**
 * Ends a handler: the message can never succeed, however often it is tried. It throws; `throw reject(…)` does the same.
 *
 * Nothing of what the handler collected is written. The message goes to the dead-letter queue at
 * once, with `reason` as an attribute, so name ids and facts in it and no payload. Anything else that
 * a handler throws gives the message back to the queue, to be tried again.
 *
 * @example if (account.isClosed) reject(`order ${orderId} belongs to a closed account`);
 * @throws OutboxError `HANDLER_REJECTED`, always; a handler that catches it must throw it on
 */
export function reject(reason: string, options: ErrorOptions = {}): never {
  throw new OutboxError('HANDLER_REJECTED', reason, options);
}
