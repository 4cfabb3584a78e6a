import { Duration } from 'aws-cdk-lib';
import type { IQueue, Queue } from 'aws-cdk-lib/aws-sqs';
import type { Construct, IConstruct } from 'constructs';

import { fail } from '../shared/check.ts';
import { createQueue, definitionOf, isKnown, maxQueueRetention } from '../shared/queue.ts';
import { timeoutOf } from '../shared/user-function.ts';
import type { InboxProps, InboxPropsWithDefaults } from './props.ts';
import { isFifoOrigin } from './subscription.ts';

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
export function createInboxQueue(scope: Construct, settings: InboxPropsWithDefaults): InboxQueue {
  const fifo = isFifoOrigin(settings);
  const { encryptionKey, maxReceiveCount, retentionPeriod: retentionPeriod } = settings;
  const deadLetterQueue =
    settings.deadLetterQueue ?? createQueue(scope, 'DeadLetterQueue', { fifo, encryptionKey });
  const queue = createQueue(scope, 'Queue', {
    fifo,
    encryptionKey,
    retentionPeriod: retentionPeriod,
    visibilityTimeout: Duration.seconds(visibilitySeconds(settings)),
    deadLetterQueue: { queue: deadLetterQueue, maxReceiveCount },
  });
  return {
    queue,
    deadLetterQueue,
    retention: retentionPeriod,
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

/** Where a queue moves what was received too often: its redrive policy. */
type Redrive = Pick<InboxQueue, 'deadLetterQueue' | 'maxReceiveCount'>;

/**
 * Makes a queue of the user's the inbox's. Fails if it has no dead-letter queue, hides messages for too short a
 * time, or if a prop says what only the queue itself can say.
 */
export function adoptQueue(scope: IConstruct, queue: IQueue, props: InboxProps): InboxQueue {
  const definition = definitionOf(queue);
  refuse(scope, props, ['fifo', 'retentionPeriod']);
  const redrive =
    definition === undefined
      ? redriveOfImported(scope, queue, props)
      : redriveOfOwn(scope, queue, props);
  checkVisibility(scope, queue, props);
  const retention =
    definition?.retentionSeconds === undefined
      ? maxQueueRetention
      : Duration.seconds(definition.retentionSeconds);
  return { queue, retention, ...redrive };
}

/** Fails on props that are about the queue the inbox would create. */
function refuse(scope: IConstruct, props: InboxProps, names: readonly (keyof InboxProps)[]): void {
  const idle = names.find((name) => props[name] !== undefined);
  if (idle === undefined) return;
  fail(scope, `${idle} has no effect with a queue that is given: set it on the queue`);
}

/** Nothing can be seen of it, so the props are believed. */
function redriveOfImported(scope: IConstruct, queue: IQueue, props: InboxProps): Redrive {
  const { deadLetterQueue, maxReceiveCount } = props;
  if (deadLetterQueue === undefined) {
    fail(
      scope,
      `queue ${queue.node.path} is imported, so its redrive policy is out of sight: give the queue that it names as deadLetterQueue`,
    );
  }
  return { deadLetterQueue, ...knownCount(maxReceiveCount) };
}

/** The redrive policy of a queue of the app is in the queue's own props; set on the inbox, it would have no effect. */
function redriveOfOwn(scope: IConstruct, queue: IQueue, props: InboxProps): Redrive {
  refuse(scope, props, ['maxReceiveCount']);
  const own = (queue as Partial<Queue>).deadLetterQueue;
  if (own === undefined) {
    fail(
      scope,
      `queue ${queue.node.path} has no dead-letter queue: set deadLetterQueue on the queue itself, or what fails is repeated until it expires, and lost`,
    );
  }
  const said = props.deadLetterQueue ?? own.queue;
  if (said !== own.queue && said.queueArn !== own.queue.queueArn) {
    fail(
      scope,
      `queue ${queue.node.path} moves what fails to ${own.queue.node.path}, but deadLetterQueue is ${said.node.path}: leave it out`,
    );
  }
  return { deadLetterQueue: own.queue, ...knownCount(own.maxReceiveCount) };
}

function knownCount(maxReceiveCount: number | undefined): Pick<Redrive, 'maxReceiveCount'> {
  return isKnown(maxReceiveCount) ? { maxReceiveCount } : {};
}

function checkVisibility(scope: IConstruct, queue: IQueue, props: InboxProps): void {
  const least = visibilitySeconds(props);
  const { visibilitySeconds: seconds = least } = definitionOf(queue) ?? {};
  if (seconds >= least) return;
  fail(
    scope,
    `the visibility timeout of queue ${queue.node.path} must be at least ${least} seconds, 6 times the timeout of the handler and the batching window, got ${seconds}`,
  );
}
