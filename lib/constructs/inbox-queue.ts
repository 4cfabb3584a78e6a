import { Duration, Token } from 'aws-cdk-lib';
import { CfnQueue, type IQueue, type Queue } from 'aws-cdk-lib/aws-sqs';
import type { Construct, IConstruct } from 'constructs';

import { fail } from './check.ts';
import { isFifo } from './inbox-origin.ts';
import type { InboxSettings } from './inbox-props.ts';
import { createQueue, maxQueueRetention } from './secure-queue.ts';

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
    ...knownReceives(maxReceiveCount),
  };
}

/** Makes a queue of the user's the inbox's; fails if it has no dead-letter queue, or hides messages for too short a time. */
export function adoptQueue(scope: IConstruct, queue: IQueue, settings: InboxSettings): InboxQueue {
  const deadLetterQueue =
    settings.deadLetterQueue ?? (queue as Partial<Queue>).deadLetterQueue?.queue;
  if (deadLetterQueue === undefined) {
    fail(scope, `queue ${queue.node.path} has no dead-letter queue: give one as deadLetterQueue`);
  }
  const { visibilityTimeout, messageRetentionPeriod } = attributesOf(queue);
  const leastVisibility = visibilitySeconds(settings);
  if (isKnown(visibilityTimeout) && visibilityTimeout < leastVisibility) {
    fail(
      scope,
      `the visibility timeout of queue ${queue.node.path} must be at least ${leastVisibility} seconds, 6 times the timeout of the handler and the batching window, got ${visibilityTimeout}`,
    );
  }
  const retention = isKnown(messageRetentionPeriod)
    ? Duration.seconds(messageRetentionPeriod)
    : maxQueueRetention;
  const { maxReceiveCount } = (queue as Partial<Queue>).deadLetterQueue ?? {};
  return { queue, deadLetterQueue, retention, ...knownReceives(maxReceiveCount) };
}

function knownReceives(maxReceiveCount: number | undefined): Pick<InboxQueue, 'maxReceiveCount'> {
  return isKnown(maxReceiveCount) ? { maxReceiveCount } : {};
}

/**
 * How long a message is hidden while it is handled: long enough for Lambda to try again after being throttled.
 * https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
 */
function visibilitySeconds({ handler, maxBatchingWindow }: InboxSettings): number {
  const timeout = handler.timeout ?? lambdaDefaultTimeout;
  const seconds = (timeout.isUnresolved() ? lambdaMaxTimeout : timeout).toSeconds();
  return 6 * seconds + (maxBatchingWindow?.toSeconds() ?? 0);
}

const lambdaDefaultTimeout = Duration.seconds(3);
const lambdaMaxTimeout = Duration.minutes(15);

/** What the app says of a queue, with the defaults of SQS. Nothing of an imported one. */
function attributesOf(
  queue: IQueue,
): Partial<Pick<CfnQueue, 'visibilityTimeout' | 'messageRetentionPeriod'>> {
  const resource = queue.node.defaultChild;
  if (!(resource instanceof CfnQueue)) return {};
  const { visibilityTimeout = 30, messageRetentionPeriod = 345_600 } = resource;
  return { visibilityTimeout, messageRetentionPeriod };
}

function isKnown(value: number | undefined): value is number {
  return value !== undefined && !Token.isUnresolved(value);
}
