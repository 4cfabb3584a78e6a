import { OutboxError, type OutboxErrorCode } from '../core/errors.ts';
import { rejected, type Failed, type Rejected } from './delivery.ts';
import type { SqsRecord } from './sqs-event.ts';

/** What a handler wants is impossible as it is: to try again would change nothing. */
const hopeless: readonly OutboxErrorCode[] = [
  'ITEM_TOO_LARGE',
  'SAGA_INVALID',
  'TOO_MANY_ACTIONS',
  'TRANSACTION_TOO_LARGE',
];

/** Another worker is at the message, and may well be done with it before the queue brings it again. */
const elsewhere: readonly OutboxErrorCode[] = ['LEASE_LOST'];

/**
 * What a failure means for its message: to be tried again; or, where that is hopeless or was the last time that the
 * queue delivers it, the dead-letter queue with the error's code as reason, before the queue moves it there without one.
 *
 * Errors that are no {@link OutboxError} have no code, and their texts are a stranger's: the queue moves the message.
 * So it does where it is not known how often it delivers, and where another worker is at the message.
 */
export function judgeFailure(
  failed: Failed,
  { attributes }: SqsRecord,
  maxReceiveCount = Infinity,
): Failed | Rejected {
  const { error } = failed;
  if (!OutboxError.is(error) || elsewhere.includes(error.code)) return failed;
  if (hopeless.includes(error.code)) return rejected(error.code, error.message);
  const received = Number(attributes.ApproximateReceiveCount);
  if (!(received >= maxReceiveCount)) return failed;
  return rejected(
    error.code,
    `${error.message}. It was received ${received} times: redrive it when the cause is mended`,
  );
}
