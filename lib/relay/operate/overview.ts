import type { Lag } from '../../contract/lag.ts';
import { waitingStates, type WaitingState } from '../../contract/waiting.ts';
import { lagFreshMs } from '../sweep/eligible.ts';
import type { SweepReport, SweepStore } from '../sweep-store.ts';
import { findInFlight, type InFlight } from './in-flight.ts';

/** How an outbox is doing, as far as its table tells. */
export interface Overview {
  readonly inFlight: InFlight;
  /** How many wait, by state. */
  readonly waiting: Readonly<Record<WaitingState, number>>;
  /** When the longest parked entry was parked, epoch milliseconds. */
  readonly parkedSince?: number;
  /** How far the relay is behind, where it says so. */
  readonly lag?: Lag;
  /** What the last sweeps found, newest first. */
  readonly sweeps: readonly SweepReport[];
}

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

/** How many wait, by state: counted in the index, eventually consistent. */
export async function countByState(
  store: Pick<SweepStore, 'countWaiting'>,
): Promise<Record<WaitingState, number>> {
  const counts = await Promise.all(
    waitingStates.map(async (state) => [state, await store.countWaiting(state)] as const),
  );
  return Object.fromEntries(counts) as Record<WaitingState, number>;
}

async function firstParkedAt(store: SweepStore, now: number): Promise<number | undefined> {
  for await (const [first] of store.listWaiting('parked', now)) return first?.dueAt;
  return undefined;
}
