import { definedOnly } from '../../core/collections.ts';
import { lookOver, type Overview } from '../../operate/overview.ts';
import { tryToSee, unlessMissing, type Looked } from '../aws/failure.ts';
import { functionsOf, inboxesOf } from '../aws/find.ts';
import { isOfTable, triggersOf } from '../aws/functions.ts';
import {
  attributesOf,
  depthOf,
  lookAtInboxQueues,
  nameOfQueue,
  urlOfQueue,
  type InboxQueueFacts,
  type QueueAttributes,
} from '../aws/queues.ts';
import { undeliveredQueue } from '../aws/stack.ts';
import type { Session } from '../session.ts';

/** Everything that `status` looks at. */
export interface StatusFacts extends Overview {
  readonly outbox: {
    readonly name: string;
    readonly table: string;
    readonly stack?: string;
    /** Why the stack, and so its inboxes, could not be read. */
    readonly stackUnseen?: string;
  };
  /** Epoch milliseconds. */
  readonly at: number;
  /** When the sweeper was last deployed, epoch milliseconds. */
  readonly deployedAt?: number;
  readonly trigger: Looked<TriggerFacts>;
  /** Queues that are empty unless something goes wrong. */
  readonly queues: Looked<readonly WatchedQueue[]>;
  /** The inboxes of the stack: what waits in their queues, and whether their handlers read them. */
  readonly inboxes: Looked<readonly InboxFacts[]>;
}

/** An inbox of the outbox's stack. */
export interface InboxFacts extends InboxQueueFacts {
  readonly name: string;
}

/** What makes the relay run. */
export interface TriggerFacts {
  /** As Lambda says it: Enabled, Disabled, Updating, …; `Missing` where there is none. */
  readonly state: string;
  /** As Lambda says it: OK, No records processed, PROBLEM: … */
  readonly lastResult?: string;
}

/** Looks at an outbox and what belongs to it. */
export async function lookAtStatus(session: Session): Promise<StatusFacts> {
  const { place, store, shardCounts, clock } = session;
  const at = clock.now();
  const [overview, trigger, queues, inboxes] = await Promise.all([
    lookOver(store, { now: at, shards: Math.max(...shardCounts) }),
    tryToSee(() => lookAtTrigger(session)),
    tryToSee(() => watchedQueues(session)),
    tryToSee(() => lookAtInboxes(session, at)),
  ]);
  const { name, tableName: table, stack, stackUnseen, deployedAt } = place;
  return {
    outbox: { name, table, ...definedOnly({ stack: stack?.name, stackUnseen }) },
    at,
    ...definedOnly({ deployedAt }),
    ...overview,
    trigger,
    queues,
    inboxes,
  };
}

async function lookAtInboxes({ place, clients }: Session, now: number): Promise<InboxFacts[]> {
  if (place.stack === undefined) return [];
  const inboxes = inboxesOf(await functionsOf(place.stack, clients));
  const queues = await lookAtInboxQueues(inboxes, clients, now);
  return queues.map((queue, index) => ({ name: inboxes[index]?.name ?? '', ...queue }));
}

async function lookAtTrigger({ place, clients }: Session): Promise<TriggerFacts> {
  if (place.relay === undefined) return { state: 'Missing' };
  const triggers = await triggersOf(place.relay, clients);
  const trigger = triggers.find((one) => isOfTable(one, place.tableName));
  if (trigger === undefined) return { state: 'Missing' };
  const { State: state = 'unknown', LastProcessingResult: lastResult } = trigger;
  return { state, ...(lastResult === undefined ? {} : { lastResult }) };
}

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

/** The on-failure queues, the dead-letter queues of queue destinations, and those of the stack's inboxes. */
async function watchedQueues(session: Session): Promise<WatchedQueue[]> {
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
      holds: 'batches that the relay’s event source mapping discarded',
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
    holds: `messages of destination ${destination} that its consumer could not handle`,
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
