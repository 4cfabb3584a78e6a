import { inboxesOf } from '../aws/places.ts';
import { functionsOf } from '../aws/find-outbox.ts';
import { unlessMissing } from '../aws/failure.ts';
import {
  attributesOf,
  depthOf,
  nameOfQueue,
  urlOfQueue,
  type QueueAttributes,
} from '../aws/queues.ts';
import { undeliveredQueue } from '../aws/stack.ts';
import { isOfTable, triggersOf } from '../aws/triggers.ts';
import type { Session } from '../session.ts';

/** A queue that fills when something goes wrong. */
export interface WatchedQueue {
  readonly name: string;
  readonly messages: number;
  /** Present where there is no such queue any more. */
  readonly isGone?: true;
  /** What ends in it. */
  readonly holds: string;
  /** The command that looks into it. */
  readonly command: string;
}

type Queue = Omit<WatchedQueue, 'name' | 'messages' | 'isGone'> & { readonly queue: string };

/** The queues of batches given up, of what queue destinations could not hand on, and those beside the stack's inboxes. */
export async function watchedQueues(session: Session): Promise<WatchedQueue[]> {
  const queues = [
    ...(await onFailureQueues(session)),
    ...(await deadLettersOfDestinations(session)),
    ...(await deadLettersOfInboxes(session)),
    ...undeliveredQueues(session),
  ];
  const measured = await Promise.all(queues.map((queue) => measure(queue, session)));
  // A dead-letter queue may be that of a destination and of an inbox: the inbox's command knows more.
  return [
    ...new Map(measured.toReversed().map((queue) => [queue.name, queue])).values(),
  ].toReversed();
}

async function onFailureQueues({ place, clients }: Session): Promise<Queue[]> {
  if (place.relay === undefined) return [];
  const triggers = await triggersOf(place.relay, clients);
  return triggers
    .filter((trigger) => isOfTable(trigger, place.tableName))
    .map(({ DestinationConfig }) => DestinationConfig?.OnFailure?.Destination)
    .filter((arn) => arn?.includes(':sqs:') === true)
    .map((queue = '') => ({
      queue,
      holds: 'batches that the relay’s trigger gave up',
      command: `outbox redrive-queue ${nameOfQueue(queue)}`,
    }));
}

async function deadLettersOfDestinations({ place, clients }: Session): Promise<Queue[]> {
  const destinations = (place.config?.destinations ?? []).filter(({ kind }) => kind === 'queue');
  const queues = await Promise.all(
    destinations.map(async ({ name, target }) => {
      const seen = await unlessMissing(() => attributesOf(target, clients, ['RedrivePolicy']));
      return seen === undefined
        ? { queue: target, holds: `destination ${name}`, command: 'outbox doctor' }
        : deadLettersOf(name, seen);
    }),
  );
  return queues.filter((queue) => queue !== undefined);
}

function deadLettersOf(
  destination: string,
  { RedrivePolicy = '{}' }: QueueAttributes,
): Queue | undefined {
  const { deadLetterTargetArn: queue } = JSON.parse(RedrivePolicy) as {
    deadLetterTargetArn?: string;
  };
  if (queue === undefined) return undefined;
  return {
    queue,
    holds: `messages that nobody could handle of destination ${destination}`,
    command: `outbox redrive-queue ${nameOfQueue(queue)}`,
  };
}

async function deadLettersOfInboxes({ place, clients }: Session): Promise<Queue[]> {
  if (place.stack === undefined) return [];
  const inboxes = inboxesOf(await functionsOf(place.stack, clients));
  return inboxes.map(({ name, deadLetterQueueUrl }) => ({
    queue: deadLetterQueueUrl,
    holds: `messages that inbox ${name} could not handle`,
    command: `outbox inbox ls ${name}`,
  }));
}

/** What a bus or a topic could not put into the queue of an inbox of the stack. */
function undeliveredQueues({ place: { stack } }: Session): Queue[] {
  const queues = (stack?.resources ?? []).filter(
    ({ type, path = '' }) => type === 'AWS::SQS::Queue' && path.endsWith(undeliveredQueue),
  );
  return queues.map(({ physicalId: queue, path = '' }) => ({
    queue,
    holds: `messages that could not be put into the queue of ${path.slice(0, -undeliveredQueue.length)}`,
    command: `outbox redrive-queue ${nameOfQueue(queue)}`,
  }));
}

async function measure({ queue, ...rest }: Queue, { clients }: Session): Promise<WatchedQueue> {
  const name = nameOfQueue(queue);
  const messages = await unlessMissing(async () =>
    depthOf(await urlOfQueue(queue, clients), clients),
  );
  return messages === undefined
    ? { ...rest, name, messages: 0, isGone: true, command: 'outbox doctor' }
    : { ...rest, name, messages };
}
