import { entryToRow, type Entry } from '../../lib/table/entry.ts';
import { keyOfWaiting, type Waiting } from '../../lib/table/waiting.ts';
import { deliver, type DeliverPorts } from '../../lib/delivery/deliver.ts';
import type { DestinationAdapter } from '../../lib/delivery/destination.ts';
import { findWaitingOf } from '../../lib/operate/find-event.ts';
import type { OperatePorts } from '../../lib/operate/ports.ts';
import type { OperateStore } from '../../lib/table/stores.ts';
import { createSweeper } from '../../lib/sweeper/sweeper.ts';
import type { Clock } from '../../lib/core/ports.ts';
import { createMemoryOperateStore } from '../support/memory/operate-store.ts';
import { createVirtualClock } from '../../lib/testing/virtual-clock.ts';
import { someTime } from '../support/entries.ts';
import {
  accepts,
  countingIds,
  entryOf,
  recordingLog,
  recordingMeter,
  retentionMs,
  scripted,
  type Script,
} from '../support/world.ts';

export const shards = 4;
export const minute = 60_000;
export const hour = 60 * minute;
export const operator = { by: 'arn:aws:iam::1:user/ann', reason: 'because' };

export interface OperateWorldOptions {
  /** Whether the destination keeps order. @default false */
  readonly ordered?: boolean;
}

/** An outbox in memory with one destination, to which entries were delivered or not, as the script says. */
export function createOperateWorld({ ordered = false }: OperateWorldOptions = {}) {
  const clock = createVirtualClock(someTime);
  const store = createMemoryOperateStore({ shards, clock });
  const script: { decide: Script } = { decide: accepts };
  const destination = scripted(script, {
    ordered,
    name: 'shop',
    ...(ordered ? { kind: 'queue' } : {}),
  });
  const newId = countingIds();
  const ports = { store, clock, newId, retentionMs };
  return {
    ...outboxActs({
      store,
      clock,
      destinations: [destination],
      newId,
      put: (row) => {
        store.table.put(row);
        return Promise.resolve();
      },
    }),
    clock,
    store,
    script,
    destination,
    ports: ports satisfies OperatePorts,
    newId,
    rows: () => store.table.rows(),
  };
}

interface Outbox {
  readonly store: OperateStore;
  readonly clock: Clock;
  readonly destinations: readonly DestinationAdapter[];
  readonly put: (row: ReturnType<typeof entryToRow>) => Promise<void>;
  readonly newId: ReturnType<typeof countingIds>;
}

/** What happens to an outbox: events are written, delivered, swept. */
export function outboxActs({ store, clock, destinations, put, newId }: Outbox) {
  const deliverPorts: DeliverPorts & { shards: number; store: OperateStore } = {
    store,
    clock,
    destinations,
    newId,
    random: () => 0.5,
    log: recordingLog(),
    meter: recordingMeter(),
    retentionMs,
    source: 'orders',
    maxAttempts: 5,
    shards,
  };
  const write = async (over: Partial<Entry> = {}): Promise<Entry> => {
    const entry = entryOf(newId(clock.now()), over);
    await put(entryToRow(entry, { shards, retentionMs }));
    return entry;
  };
  const relay = async (entries: readonly Entry[]): Promise<void> => {
    await deliver({ entries, invalid: [] }, deliverPorts, { deadline: clock.now() + minute });
  };
  const sweeper = createSweeper(deliverPorts);
  return {
    /** Commits an event; nobody delivers it yet. */
    write,
    relay,
    /** Commits events, and has the relay deliver them. */
    deliver: async (...events: Partial<Entry>[]): Promise<Entry[]> => {
      const entries: Entry[] = [];
      for (const event of events) entries.push(await write(event));
      await relay(entries);
      return entries;
    },
    sweep: () => sweeper({ getRemainingTimeInMillis: () => minute }),
    waitingOf: async (entry: Entry): Promise<Waiting | undefined> =>
      findWaitingOf(entry.id, entry, store),
    keyOf: (entry: Entry) => keyOfWaiting(entry),
  };
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}
