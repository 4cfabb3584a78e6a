import { Duration } from 'aws-cdk-lib';
import type { IQueue, Queue } from 'aws-cdk-lib/aws-sqs';
import type { IConstruct } from 'constructs';

import { fail } from '../shared/check.ts';
import type { InboxProps } from './props.ts';
import { visibilitySeconds, type InboxQueue } from './inbox-queue.ts';
import { definitionOf, isKnown } from '../shared/queue-definition.ts';
import { maxQueueRetention } from '../shared/secure-queue.ts';

/** Where a queue moves what was received too often: its redrive policy. */
type Redrive = Pick<InboxQueue, 'deadLetterQueue' | 'maxReceiveCount'>;

/**
 * Makes a queue of the user's the inbox's. Fails if it has no dead-letter queue, hides messages for too short a
 * time, or if a prop says what only the queue itself can say.
 */
export function adoptQueue(scope: IConstruct, queue: IQueue, props: InboxProps): InboxQueue {
  const definition = definitionOf(queue);
  refuse(scope, props, ['fifo', 'queueRetention']);
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

/** The policy of a queue of the app is in its own props; said beside it, it would be said but not done. */
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
