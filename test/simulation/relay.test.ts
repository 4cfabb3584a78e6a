import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import type { Entry } from '../../lib/table/entry.ts';
import { entryPrefix, pageOf, timeOfId } from '../../lib/table/keys.ts';
import { keyOfWaiting } from '../../lib/table/waiting.ts';
import { createRelay } from '../../lib/delivery/relay.ts';
import type { Store } from '../../lib/table/stores.ts';
import { createMemoryStore } from '../support/memory/store.ts';
import { createStreamTrigger } from '../support/stream-trigger.ts';
import { createVirtualClock } from '../../lib/testing/virtual-clock.ts';
import {
  countingIds,
  entryOf,
  insertOfEntry,
  recordingLog,
  recordingMeter,
  retentionMs,
  scripted,
  shards,
  type Script,
} from '../support/world.ts';

/** What goes wrong with one entry at the destination, each time it is sent. */
type Mood = 'accept' | 'flaky' | 'malformed' | 'broken';
/** What goes wrong in one invocation. */
type Weather = 'fine' | 'outage' | 'crash before receipts' | 'crash in the waiting room';

const moods = fc.constantFrom<Mood>('accept', 'accept', 'accept', 'flaky', 'malformed', 'broken');
const weathers = fc.constantFrom<Weather>(
  'fine',
  'fine',
  'outage',
  'crash before receipts',
  'crash in the waiting room',
);

interface History {
  readonly moods: readonly Mood[];
  readonly weathers: readonly Weather[];
  readonly ordered: boolean;
}

const histories: fc.Arbitrary<History> = fc.record({
  moods: fc.array(moods, { minLength: 1, maxLength: 40 }),
  weathers: fc.array(weathers, { maxLength: 12 }),
  ordered: fc.boolean(),
});

/** Runs the relay behind the simulated trigger through a history, until the stream is drained. */
async function run({ moods, weathers, ordered }: History) {
  const clock = createVirtualClock(Date.UTC(2026, 10, 21, 4, 37));
  const newId = countingIds();
  const store = createMemoryStore({ shards });
  const moodOf = new Map<string, Mood>();
  let weather: Weather = 'fine';
  let turn = 0;
  const decide: Script = ({ entry }) => {
    if (weather === 'outage') throw Object.assign(new Error('down'), { code: 'ECONNREFUSED' });
    const mood = moodOf.get(entry.id);
    if (mood === 'malformed') return { status: 'refused', code: 'MalformedDetail', message: '' };
    const fails = mood === 'broken' || (mood === 'flaky' && turn++ % 2 === 0);
    return fails ? { status: 'refused', code: 'Novelty', message: '' } : { status: 'accepted' };
  };
  const destination = scripted({ decide }, { ordered });
  const crashing: Store = {
    ...store,
    addReceipts: (receipts) =>
      weather === 'crash before receipts'
        ? Promise.reject(new Error('crash'))
        : store.addReceipts(receipts),
    addWaiting: async (waiting) => {
      if (weather === 'crash in the waiting room') {
        await store.addWaiting(waiting.slice(0, 1));
        throw new Error('crash');
      }
      await store.addWaiting(waiting);
    },
  };
  const relay = createRelay({
    store: crashing,
    destinations: [destination],
    clock,
    random: () => 0.5,
    log: recordingLog(),
    meter: recordingMeter(),
    newId,
    retentionMs,
    source: 'orders',
    maxAttempts: 5,
  });
  const forecast = [...weathers];
  const trigger = createStreamTrigger(
    (event) => {
      weather = forecast.shift() ?? 'fine';
      return relay(event, { getRemainingTimeInMillis: () => 60_000 });
    },
    {
      batchSize: 10,
      retryAttempts: 20,
      maxRecordAgeMs: 12 * 3_600_000,
      bisectBatchOnError: true,
      filter: ({ dynamodb }) => dynamodb?.Keys?.['sk']?.S?.startsWith(entryPrefix) ?? false,
    },
    clock,
  );

  const entries = moods.map((mood, index) => {
    const entry = entryOf(newId(clock.now()), {
      aggregate: `order/${index % 3}`,
      ...(ordered ? { sequence: Math.floor(index / 3) + 1 } : {}),
    });
    moodOf.set(entry.id, mood);
    trigger.append(insertOfEntry(entry), 0);
    return entry;
  });
  for (let polls = 0; !trigger.isDrained() && polls < 1_000; polls++) await trigger.poll();
  return { entries, store, arrived: destination.arrived, givenUp: trigger.givenUp };
}

async function receiptsOf(store: Store, entries: readonly Entry[]) {
  const pages = [...new Set(entries.map(({ id }) => pageOf(timeOfId(id))))];
  const contents = await Promise.all(pages.map((page) => store.readPage(page)));
  return contents.flatMap(({ receipts }) => receipts);
}

describe('the relay through any history of faults', () => {
  it('loses nothing: each entry arrived or waits, and has a receipt that says so', async () => {
    await fc.assert(
      fc.asyncProperty(histories, async (history) => {
        const { entries, store, arrived, givenUp } = await run(history);
        const receipts = await receiptsOf(store, entries);

        expect(givenUp).toEqual([]);
        for (const entry of entries) {
          const waits = (await store.getWaiting(keyOfWaiting(entry))) !== undefined;
          expect(arrived.includes(entry.id) || waits).toBe(true);
          expect(receipts.some(({ eventIds }) => eventIds.includes(entry.id))).toBe(true);
        }
      }),
    );
  });

  it('never says published of what did not arrive', async () => {
    await fc.assert(
      fc.asyncProperty(histories, async (history) => {
        const { entries, store, arrived } = await run(history);
        const published = (await receiptsOf(store, entries))
          .filter(({ outcome }) => outcome === 'published')
          .flatMap(({ eventIds }) => eventIds);

        expect(published.filter((id) => !arrived.includes(id))).toEqual([]);
      }),
    );
  });

  it('never lets an entry overtake an earlier one of its aggregate at an ordered destination', async () => {
    await fc.assert(
      fc.asyncProperty(histories, async (history) => {
        const { entries, arrived } = await run({ ...history, ordered: true });
        const byId = new Map(entries.map((entry) => [entry.id, entry]));
        const firstArrivals = [...new Set(arrived)].map((id) => byId.get(id)!);

        for (const ofAggregate of Map.groupBy(
          firstArrivals,
          ({ aggregate }) => aggregate,
        ).values()) {
          const sequences = ofAggregate.map(({ sequence }) => sequence);
          expect(sequences).toEqual(sequences.map((_, index) => index + 1));
        }
      }),
    );
  });
});
