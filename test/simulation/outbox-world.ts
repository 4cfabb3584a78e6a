import { z } from 'zod';

import { entryToRow, type Entry } from '../../lib/table/entry.ts';
import { entryPrefix, holdKey, pageOf, waitingKey, type Key } from '../../lib/table/keys.ts';
import { holdsOf, keyOfWaiting } from '../../lib/table/waiting.ts';
import { watermarkKey, watermarkNames } from '../../lib/table/sweep-notes.ts';
import { growingTimeout } from '../../lib/delivery/destinations/client.ts';
import { createRelay, type RelayHandler } from '../../lib/delivery/relay.ts';
import type { SweepPorts } from '../../lib/sweeper/ports.ts';
import { createSweeper, type SweeperHandler } from '../../lib/sweeper/sweeper.ts';
import { defineEvent } from '../../lib/events/define-event.ts';
import { openOutbox } from '../../lib/outbox/outbox.ts';
import { createMemorySweepStore } from '../support/memory/sweep-store.ts';
import { createMemoryTransactor } from '../../lib/testing/memory-transactor.ts';
import { createStreamTrigger, type StreamTrigger } from '../support/stream-trigger.ts';
import { createVirtualClock, type VirtualClock } from '../../lib/testing/virtual-clock.ts';
import { Death, mortal, throughCurrent, type Fate, type Mortal } from '../support/mortal.ts';
import { sdkError } from '../support/fake-destination.ts';
import {
  countingIds,
  insertOf,
  recordingLog,
  recordingMeter,
  retentionMs,
  scripted,
  type Script,
  type ScriptedDestination,
} from '../support/world.ts';

export const minute = 60_000;
export const hour = 60 * minute;
export const shards = 2;
export const maxAttempts = 5;
const start = Date.UTC(2026, 10, 21, 4, 37);

/** What becomes of one entry at the destination, each time it is sent. */
export type Mood =
  'accept' | 'flaky' | 'malformed' | 'forbidden' | 'broken' | 'killer' | CallFailing;

/** How a destination takes nothing: it cannot be reached, or it answers and refuses each entry. */
export type Outage = 'unreachable' | 'refusing';

/** How an entry makes each call fail as a whole that it is sent in. */
export type CallFailing = 'denied' | 'stalling' | 'breaking' | 'invalid';

const callFailures: Readonly<Record<CallFailing, Error>> = {
  denied: sdkError('AccessDeniedException', 403),
  stalling: sdkError('TimeoutError'),
  breaking: sdkError('InternalException', 500),
  invalid: sdkError('ValidationException', 400),
};

export interface WorldOptions {
  readonly ordered: boolean;
  /** Retries of the trigger before it gives a batch up. @default 20 */
  readonly retryAttempts?: number;
  /** Records that the trigger hands over at once. @default 4 */
  readonly batchSize?: number;
  /** Rows of a page that the sweeper reads at once. @default 3 */
  readonly chunkSize?: number;
  /** Decides who comes first where several run at once. */
  readonly seed: number;
  readonly createSweep?: (ports: SweepPorts) => SweeperHandler;
}

const Reminded = defineEvent('order.reminded', { aggregateType: 'order', schema: z.object({}) });

export type World = ReturnType<typeof createWorld>;

/** A writer, a table with its stream, the trigger with the relay behind it, sweepers, and a destination. */
export function createWorld({
  ordered,
  retryAttempts = 20,
  batchSize = 4,
  chunkSize = 3,
  seed,
  createSweep = createSweeper,
}: WorldOptions) {
  const clock = createVirtualClock(start);
  const newId = countingIds();
  const store = createMemorySweepStore({ shards, clock, chunkSize });
  // An outbox that has been swept for long: the first closing pass over all of its retention is another test's.
  store.table.put({ ...watermarkKey('closing'), [watermarkNames.page]: pageOf(start - 24 * hour) });
  const committed: Entry[] = [];
  const deferred: string[] = [];
  const cancelled = new Set<string>();
  const early: string[] = [];
  const moods = new Map<string, Mood>();
  const killers = new Set<string>();
  const dueAt = new Map<string, number>();
  let outage: Outage | undefined;
  let turn = 0;
  const decide: Script = ({ entry }) => {
    clock.advance(2);
    if (clock.now() < (dueAt.get(entry.id) ?? 0)) early.push(entry.id);
    if (outage === 'unreachable') throw Object.assign(new Error('down'), { code: 'ECONNREFUSED' });
    if (outage === 'refusing') return { status: 'refused', code: 'InternalFailure', message: '' };
    const mood = moods.get(entry.id);
    if (mood === 'malformed') return { status: 'refused', code: 'MalformedDetail', message: '' };
    if (mood === 'forbidden') return { status: 'refused', code: 'AccessDenied', message: '' };
    const fails = mood === 'broken' || (mood === 'flaky' && turn++ % 5 !== 0);
    return fails
      ? { status: 'refused', code: `Odd${entry.id}`, message: '' }
      : { status: 'accepted' };
  };
  const inner = scripted({ decide }, { ordered, ...(ordered ? { kind: 'queue' } : {}) });
  const destination: ScriptedDestination = {
    ...inner,
    send: (outgoing, { maxMs }) =>
      withTimeout(maxMs, async ({ requestTimeout }) => {
        const failure = outgoing
          .map(({ entry }) => callFailures[moods.get(entry.id) as CallFailing])
          .find((error) => (error as unknown) !== undefined);
        if (outage !== undefined || failure === undefined) return inner.send(outgoing, { maxMs });
        if (failure.name === 'TimeoutError') await passTogether(requestTimeout);
        else clock.advance(2);
        throw failure;
      }),
  };
  const random = seeded(seed);
  const withTimeout = growingTimeout({ clock });
  const passTogether = timersOf(clock);
  const pause = async (): Promise<void> => {
    for (let ticks = Math.floor(random() * 4); ticks > 0; ticks--) await Promise.resolve();
  };
  const portsOf = (fate: Fate): SweepPorts & { isDead: () => boolean } => ({
    ...mortal({ store, destinations: [destination] }, { killers, pause, ...fate }),
    clock,
    random,
    newId,
    log: recordingLog(),
    meter: recordingMeter(),
    retentionMs,
    source: 'orders',
    maxAttempts,
    shards,
  });
  const invocation = { getRemainingTimeInMillis: () => minute };

  const outbox = openOutbox(
    { tableName: 'outbox', shards, retentionMs, accepts: [{ maxMessageBytes: 1024 * 1024 }] },
    { transactor: createMemoryTransactor({ outbox: store.table }), clock, random },
  );

  // One container, as long as it lives: what a relay remembers goes with it.
  let container = portsOf({});
  const openRelay = (): RelayHandler =>
    createRelay({ ...portsOf({}), ...throughCurrent(() => container) });
  let relay = openRelay();
  const openTrigger = (): StreamTrigger =>
    createStreamTrigger(
      (event) => relay(event, invocation),
      {
        batchSize,
        retryAttempts,
        maxRecordAgeMs: 23 * hour,
        bisectBatchOnError: true,
        filter: ({ dynamodb }) => dynamodb?.Keys?.['sk']?.S?.startsWith(entryPrefix) ?? false,
      },
      clock,
    );
  let trigger = openTrigger();
  // Containers of the sweeper that are not in use. One that died is none of them.
  const idleSweepers: { life: Mortal; readonly sweep: SweeperHandler }[] = [];
  const openSweeper = (): (typeof idleSweepers)[number] => {
    const instance: { life: Mortal; sweep: SweeperHandler } = {
      life: portsOf({}),
      sweep: (context) => sweep(context),
    };
    const sweep = createSweep({ ...portsOf({}), ...throughCurrent(() => instance.life) });
    return instance;
  };

  return {
    clock,
    store,
    committed,
    arrived: destination.arrived,
    moodOf: (id: string) => moods.get(id),
    setDown: (down: boolean, how: Outage = 'unreachable') => {
      outage = down ? how : undefined;
    },
    /** Commits an entry by a writer whose clock is off by so much. */
    commit: (parts: Pick<Entry, 'aggregate'> & Partial<Entry>, mood: Mood, skewMs = 0): Entry => {
      const id = newId(clock.now() + skewMs);
      const entry: Entry = { id, type: 'order.placed', version: 1, data: '{}', ...parts };
      const row = entryToRow(entry, { shards, retentionMs });
      store.table.put(row);
      trigger.append(insertOf(row), 0);
      committed.push(entry);
      moods.set(id, mood);
      if (mood === 'killer') killers.add(id);
      return entry;
    },
    /** Writes an event that is due after so long. */
    defer: async (aggregate: string, delayMs: number, mood: Mood): Promise<void> => {
      const due = clock.now() + delayMs;
      const event = Reminded(aggregate, {}, { id: newId(due), deliverAt: new Date(due) });
      await outbox.write({ events: [event] });
      deferred.push(event.id);
      dueAt.set(event.id, due);
      moods.set(event.id, mood);
      if (mood === 'killer') killers.add(event.id);
    },
    deferred,
    /** What was delivered before it was due. */
    early,
    /** Cancels one of what was deferred, if it still can be. */
    cancel: async (index: number): Promise<void> => {
      const eventId = deferred[index % deferred.length];
      if (eventId === undefined) return;
      const cancel = [{ eventId, required: false }];
      const { notCancelled } = await outbox.write({ events: [], cancel });
      if (notCancelled.length === 0) cancelled.add(eventId);
    },
    cancelled,
    /** The stream is gone, with whatever it held: another table's, a new view, a new trigger. */
    loseStream: () => {
      trigger = openTrigger();
    },
    isDrained: () => trigger.isDrained(),
    relay: async (fate: Fate = {}): Promise<void> => {
      container = portsOf(fate);
      await trigger.poll();
      if (container.isDead()) relay = openRelay();
    },
    /** One run of a sweeper. It may die, as long as it was told to. */
    sweep: async (fate: Fate = {}): Promise<void> => {
      const instance = idleSweepers.pop() ?? openSweeper();
      instance.life = portsOf(fate);
      try {
        await instance.sweep(invocation);
        idleSweepers.push(instance);
      } catch (error) {
        if (!instance.life.isDead() || !(error instanceof Death)) throw error;
      }
    },
  };
}

/** Entries that are neither delivered nor to be seen in the waiting room. */
export async function lost({ store, committed, arrived }: World): Promise<string[]> {
  const there = new Set(arrived);
  const waits = await Promise.all(
    committed.map(async (entry) => (await store.getWaiting(keyOfWaiting(entry))) !== undefined),
  );
  return committed
    .filter(({ id }, index) => !there.has(id) && waits[index] !== true)
    .map(({ id }) => id);
}

/** Events that were deferred and not cancelled, and neither arrived nor are parked. They all came due long ago. */
export async function lostDeferred(world: World): Promise<string[]> {
  const { store, deferred, cancelled, arrived } = world;
  const there = new Set(arrived);
  const owed = deferred.filter((id) => !cancelled.has(id) && !there.has(id));
  const waiting = await Promise.all(owed.map((id) => store.getWaiting(waitingKeyOf(id))));
  return owed.filter((_, index) => waiting[index]?.state !== 'parked');
}

function waitingKeyOf(id: string): Key {
  return waitingKey({ id, aggregate: '' });
}

/** Every receipt there is, whatever its page. */
export async function receiptsOf({ store, committed }: World) {
  const pages = new Set(committed.map(({ id }) => pageOfId(id)));
  const all = await Promise.all([...pages].map((page) => store.readReceipts(page)));
  return all.flat();
}

/** Aggregates whose hold row does not say how many entries hold it. */
export function miscounted({ store, committed }: World): string[] {
  const rows = store.table.rows();
  const aggregates = [...new Set(committed.map(({ aggregate }) => aggregate))];
  return aggregates.filter((aggregate) => {
    const holding = rows.filter(
      (row) => row['blocksLane'] === true && row['aggregate'] === aggregate,
    );
    return holdsOf(store.table.get(holdKey(aggregate))) !== holding.length;
  });
}

/** For each aggregate with sequences, those that arrived, in the order in which they first did. */
export function firstArrivals({ committed, arrived }: World): Map<string, number[]> {
  const byId = new Map(committed.map((entry) => [entry.id, entry]));
  const first = [...new Set(arrived)].map((id) => byId.get(id)!);
  const grouped = Map.groupBy(
    first.filter(({ sequence }) => sequence !== undefined),
    ({ aggregate }) => aggregate,
  );
  return new Map([...grouped].map(([name, all]) => [name, all.map(({ sequence }) => sequence!)]));
}

function pageOfId(id: string): string {
  return new Date(Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16)).toISOString().slice(0, 16);
}

/**
 * Passes time for calls that are in progress at the same time: those that begin together end together. The next one
 * ends only when nothing else can go on.
 */
function timersOf(clock: VirtualClock): (ms: number) => Promise<void> {
  const timers: { readonly at: number; readonly end: () => void }[] = [];
  const endNext = (): void => {
    timers.sort((a, b) => a.at - b.at);
    const next = timers.shift();
    if (next === undefined) return;
    clock.advance(Math.max(0, next.at - clock.now()));
    next.end();
    if (timers.length > 0) setImmediate(endNext);
  };
  return (ms) =>
    new Promise((resolve) => {
      if (timers.length === 0) setImmediate(endNext);
      timers.push({ at: clock.now() + ms, end: resolve });
    });
}

/** Numbers from 0 to below 1, the same for the same seed (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
