import { Duration } from 'aws-cdk-lib';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { Construct, IConstruct } from 'constructs';

import { fail } from '../shared/check.ts';
import { isFifo } from './inbox-origin.ts';
import type { InboxProps, InboxSettings } from './props.ts';
import { definitionOf, isKnown } from '../shared/queue-definition.ts';
import { createQueue } from '../shared/secure-queue.ts';
import { timeoutOf } from '../shared/user-function.ts';

/** Where an inbox's messages wait, and where they end if they cannot be handled. */
export interface InboxQueue {
  readonly queue: IQueue;
  readonly deadLetterQueue: IQueue;
  /** How long a message may wait: the longest possible where that is not known. */
  readonly retention: Duration;
  /** How often a message is delivered before it is moved to the dead-letter queue, where that is known. */
  readonly maxReceiveCount?: number;
}

/** Creates the inbox's queue and, unless one is given, its dead-letter queue. */
export function createInboxQueue(scope: Construct, settings: InboxSettings): InboxQueue {
  const fifo = isFifo(settings);
  const { encryptionKey, maxReceiveCount, queueRetention } = settings;
  const deadLetterQueue =
    settings.deadLetterQueue ?? createQueue(scope, 'DeadLetterQueue', { fifo, encryptionKey });
  const queue = createQueue(scope, 'Queue', {
    fifo,
    encryptionKey,
    retentionPeriod: queueRetention,
    visibilityTimeout: Duration.seconds(visibilitySeconds(settings)),
    deadLetterQueue: { queue: deadLetterQueue, maxReceiveCount },
  });
  return {
    queue,
    deadLetterQueue,
    retention: queueRetention,
    ...(isKnown(maxReceiveCount) ? { maxReceiveCount } : {}),
  };
}

/**
 * How long a message must be hidden while it is handled: long enough for Lambda to try again after being throttled.
 * https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
 */
export function visibilitySeconds({
  handler,
  maxBatchingWindow,
}: Pick<InboxProps, 'handler' | 'maxBatchingWindow'>): number {
  return 6 * timeoutOf(handler).toSeconds() + (maxBatchingWindow?.toSeconds() ?? 0);
}

/**
 * Fails where the dead-letter queue would drop messages at once: in a standard queue a message that is moved keeps
 * the time when it was sent. A FIFO queue counts anew; of imported queues nothing is known.
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/setting-up-dead-letter-queue-retention.html
 */
export function checkDeadLetterRetention(scope: IConstruct, waiting: InboxQueue): void {
  const { queue, deadLetterQueue } = waiting;
  const kept = definitionOf(queue)?.retentionSeconds;
  const keptDead = definitionOf(deadLetterQueue)?.retentionSeconds;
  if (queue.fifo || kept === undefined || keptDead === undefined || keptDead >= kept) return;
  fail(
    scope,
    `dead-letter queue ${deadLetterQueue.node.path} must keep messages for at least ${textOf(kept)}, as queue ${queue.node.path} does, got ${textOf(keptDead)}: a message that is moved keeps the time when it was sent`,
  );
}

function textOf(seconds: number): string {
  return Duration.seconds(seconds).toHumanString();
}
