import type { Lag } from '../table/relay-notes.ts';
import { waitingStates, type WaitingState } from '../table/waiting.ts';
import { lagFreshMs } from '../table/page-times.ts';
import type { SweepReport, SweepStore } from '../table/sweep-store.ts';
import { select } from './selection.ts';
import { findInFlight, type InFlight } from './in-flight.ts';

/** How an outbox is doing, as far as its table tells. */
export interface Overview {
  readonly inFlight: InFlight;
  /** How many wait, by state. */
  readonly waiting: WaitingCounts;
  /** When the longest parked entry was parked, epoch milliseconds. */
  readonly parkedSince?: number;
  /** How far the relay is behind, where it says so. */
  readonly lag?: Lag;
  /** What the last sweeps found, newest first. */
  readonly sweeps: readonly SweepReport[];
}

/** How many wait: each counts in its state, and also as `discarding` where its skip notice is not delivered yet. */
export type WaitingCounts = Readonly<Record<WaitingState | 'discarding', number>>;

const sweepsShown = 5;

/** Looks at an outbox table. Reads only. */
export async function lookOver(
  store: SweepStore,
  { now, shards }: { now: number; shards: number },
): Promise<Overview> {
  const waiting = await countByState(store);
  const parkedSince = waiting.parked === 0 ? undefined : await firstParkedAt(store, now);
  const lag = await store.readLag(now - lagFreshMs);
  return {
    inFlight: await findInFlight(store, { now, shards }),
    waiting,
    ...(parkedSince === undefined ? {} : { parkedSince }),
    ...(lag === undefined ? {} : { lag }),
    sweeps: await store.readSweeps(sweepsShown),
  };
}

/** How many wait, by state: counted in the index, eventually consistent. Reads the index twice, unless it is empty. */
export async function countByState(
  store: Pick<SweepStore, 'countWaiting' | 'listWaiting'>,
): Promise<WaitingCounts> {
  const counts = await Promise.all(
    waitingStates.map(async (state) => [state, await store.countWaiting(state)] as const),
  );
  const states = counts.filter(([, count]) => count > 0).map(([state]) => state);
  const discarding = await countDiscarding(store, states);
  return { ...(Object.fromEntries(counts) as Record<WaitingState, number>), discarding };
}

async function countDiscarding(
  store: Pick<SweepStore, 'listWaiting'>,
  states: readonly WaitingState[],
): Promise<number> {
  let count = 0;
  for await (const _ of select(store, { states, isDiscarding: true })) count += 1;
  return count;
}

async function firstParkedAt(store: SweepStore, now: number): Promise<number | undefined> {
  for await (const [first] of store.listWaiting('parked', now)) return first?.dueAt;
  return undefined;
}
