import { entryToRow, type Entry } from '../../lib/table/entry.ts';
import {
  keyOfWaiting,
  type Waiting,
  type WaitingState,
  type WaitingSummary,
} from '../../lib/table/waiting.ts';
import type { DestinationAdapter } from '../../lib/delivery/destination.ts';
import { deliver } from '../../lib/delivery/deliver.ts';
import type { Budget, SweepPorts } from '../../lib/sweeper/ports.ts';
import type { SweepStore } from '../../lib/table/stores.ts';
import { createMemorySweepStore } from './memory/sweep-store.ts';
import { createVirtualClock } from '../../lib/testing/virtual-clock.ts';
import {
  countingIds,
  entryOf,
  recordingLog,
  recordingMeter,
  refuses,
  retentionMs,
  shards,
  type Script,
} from './world.ts';

export const minute = 60_000;
export const hour = 60 * minute;
/** A moment at the beginning of a minute. */
export const start = Date.UTC(2026, 10, 21, 4, 37);
export const maxAttempts = 5;

export type SweepWorld = ReturnType<typeof createSweepWorld>;

/** A table, a clock and a writer, and what a sweeper needs of the world; `watch` may stand between it and the store. */
export function createSweepWorld(
  destinations: readonly DestinationAdapter[],
  watch: (store: SweepStore) => SweepStore = (store) => store,
) {
  const clock = createVirtualClock(start);
  const store = createMemorySweepStore({ shards, clock, chunkSize: 100 });
  const log = recordingLog();
  const meter = recordingMeter();
  const newId = countingIds();
  const ports: SweepPorts = {
    store: watch(store),
    destinations,
    clock,
    log,
    meter,
    newId,
    retentionMs,
    shards,
    random: () => 0.5,
    source: 'orders',
    maxAttempts,
  };
  const commit = (count: number, over: (index: number) => Partial<Entry> = () => ({})): Entry[] =>
    Array.from({ length: count }, (_, index) => {
      const entry = entryOf(newId(clock.now()), { aggregate: `order/${index}`, ...over(index) });
      store.table.put(entryToRow(entry, { shards, retentionMs }));
      return entry;
    });
  return {
    clock,
    store,
    log,
    meter,
    ports,
    newId,
    commit,
    /** A minute's time for one pass. */
    budget: (ms = minute): Budget => ({
      deadline: clock.now() + ms,
      ownedUntil: clock.now() + ms + minute / 4,
      holder: newId(clock.now()),
    }),
    /** What a relay does with fresh entries. */
    relay: (entries: readonly Entry[]) =>
      deliver({ entries, invalid: [] }, ports, { deadline: clock.now() + minute }),
    waiting: (entry: Entry) => store.getWaiting(keyOfWaiting(entry)),
    change: async (entry: Entry, over: Partial<Waiting>): Promise<void> => {
      const before = await store.getWaiting(keyOfWaiting(entry));
      if (before === undefined) throw new Error('it does not wait');
      await store.changeWaiting(before, { ...before, ...over });
    },
    listed: async (state: WaitingState): Promise<WaitingSummary[]> => {
      const all: WaitingSummary[] = [];
      for await (const rows of store.listWaiting(state, Number.MAX_SAFE_INTEGER)) all.push(...rows);
      return all;
    },
  };
}

/** An aggregate's events, one after the other. */
export function inSequence(index: number): Partial<Entry> {
  return { aggregate: 'order/1', sequence: index + 1 };
}

/** Refuses the entries with these ids, and accepts all others. */
export function refusing(ids: readonly (string | undefined)[], code = 'Novelty'): Script {
  return (one) => (ids.includes(one.entry.id) ? refuses(code)(one) : { status: 'accepted' });
}
