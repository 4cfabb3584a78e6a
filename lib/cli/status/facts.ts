import { lookOver, type Overview } from '../../operate/overview.ts';
import { definedOnly } from '../../core/pick.ts';
import { tryToSee, type Looked } from '../aws/looked.ts';
import { functionsOf } from '../aws/find-outbox.ts';
import { lookAtInboxQueues, type InboxQueue } from '../aws/inbox-queue.ts';
import { inboxesOf } from '../aws/places.ts';
import { isOfTable, triggersOf } from '../aws/triggers.ts';
import type { Session } from '../session.ts';
import { watchedQueues, type WatchedQueue } from './watched-queues.ts';

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
  /** Queues that fill when something goes wrong. */
  readonly queues: Looked<readonly WatchedQueue[]>;
  /** The inboxes of the stack: what waits in their queues, and whether their handlers read them. */
  readonly inboxes: Looked<readonly InboxFacts[]>;
}

/** An inbox of the outbox's stack. */
export interface InboxFacts extends InboxQueue {
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
