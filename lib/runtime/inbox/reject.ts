import { OutboxError } from '../../contract/error.ts';

/**
 * For a handler to throw: this message can never succeed, however often it is tried.
 *
 * Nothing of what the handler collected is written. The message goes to the dead-letter queue at
 * once, with `reason` as an attribute, so name ids and facts in it and no payload. Anything else that
 * a handler throws gives the message back to the queue, to be tried again.
 *
 * @example throw reject(`order ${orderId} belongs to a closed account`);
 */
export function reject(reason: string, options: ErrorOptions = {}): OutboxError {
  return new OutboxError('HANDLER_REJECTED', reason, options);
}
