import type { Overview } from '../../relay/operate/overview.ts';
import { lookOver } from '../../relay/operate/overview.ts';
import { tryToSee, type Looked } from '../aws/looked.ts';
import { isOfTable, triggersOf } from '../aws/triggers.ts';
import type { Session } from '../session.ts';
import { watchedQueues, type WatchedQueue } from './watched-queues.ts';

/** Everything that `status` looks at. */
export interface StatusFacts extends Overview {
  readonly outbox: { readonly name: string; readonly table: string; readonly stack?: string };
  /** Epoch milliseconds. */
  readonly at: number;
  readonly trigger: Looked<TriggerFacts>;
  /** Queues that fill when something goes wrong. */
  readonly queues: Looked<readonly WatchedQueue[]>;
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
  const [overview, trigger, queues] = await Promise.all([
    lookOver(store, { now: at, shards: Math.max(...shardCounts) }),
    tryToSee(() => lookAtTrigger(session)),
    tryToSee(() => watchedQueues(session)),
  ]);
  const { name, tableName: table, stack } = place;
  return {
    outbox: { name, table, ...(stack === undefined ? {} : { stack: stack.name }) },
    at,
    ...overview,
    trigger,
    queues,
  };
}

async function lookAtTrigger({ place, clients }: Session): Promise<TriggerFacts> {
  if (place.relay === undefined) return { state: 'Missing' };
  const triggers = await triggersOf(place.relay, clients);
  const trigger = triggers.find((one) => isOfTable(one, place.tableName));
  if (trigger === undefined) return { state: 'Missing' };
  const { State: state = 'unknown', LastProcessingResult: lastResult } = trigger;
  return { state, ...(lastResult === undefined ? {} : { lastResult }) };
}
