import { OutboxError } from '../../contract/error.ts';
import { rejected, type Failed, type Rejected } from './delivery.ts';
import type { SqsRecord } from './sqs-event.ts';

/**
 * What becomes of a message of a version that nobody here knows yet: it is kept back until its last receive,
 * and then goes to the dead-letter queue with its reason, before the queue moves it there without one.
 *
 * Where it is not known how often the queue delivers, the queue does it.
 */
export function keepBack(
  failed: Failed,
  { attributes }: SqsRecord,
  maxReceives = Infinity,
): Failed | Rejected {
  const { error } = failed;
  const isLast = Number(attributes.ApproximateReceiveCount) >= maxReceives;
  if (!isLast || !OutboxError.is(error, 'EVENT_VERSION_UNKNOWN')) return failed;
  return rejected(
    error.code,
    `${error.message}. It was received ${maxReceives} times: redrive it after the deployment`,
  );
}
