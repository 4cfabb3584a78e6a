import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import type { Fate } from '../support/mortal.ts';
import {
  createWorld,
  firstArrivals,
  hour,
  lost,
  lostDeferred,
  minute,
  miscounted,
  receiptsOf,
  type Mood,
  type World,
  type WorldOptions,
} from './outbox-world.ts';

const dayMs = 24 * hour;

/** A stretch of time, and what goes wrong in it. */
interface Act {
  readonly commits: readonly Commit[];
  readonly minutes: number;
  readonly deferrals: readonly Deferral[];
  /** Which of what was deferred so far is cancelled, while everybody runs. */
  readonly cancels: readonly number[];
  /** Runs of everybody in that time, at the most. */
  readonly runs: number;
  readonly isDown: boolean;
  readonly isTriggerOff: boolean;
  readonly losesStream: boolean;
  /** Deaths of the relay and of two sweepers, in their first run of the act. */
  readonly fates: readonly [Fate, Fate, Fate];
}

interface Commit {
  readonly mood: Mood;
  readonly aggregate: number;
  /** How much the writer's clock is off. */
  readonly skewMs: number;
}

interface Deferral {
  readonly mood: Mood;
  readonly minutes: number;
}

interface History {
  readonly acts: readonly Act[];
  readonly seed: number;
}

/** What may happen in a history. */
interface Troubles {
  readonly moods: readonly Mood[];
  readonly skews?: boolean;
  readonly drops?: boolean;
  /** Days in which next to nobody ran: more than a stream keeps, and more than an entry waits for a destination. */
  readonly pauses?: boolean;
  readonly deferrals?: boolean;
}

const fates: fc.Arbitrary<Fate> = fc.oneof(
  { weight: 2, arbitrary: fc.constant({}) },
  {
    weight: 1,
    arbitrary: fc.record({ diesAt: fc.integer({ min: 1, max: 60 }), afterTheCall: fc.boolean() }),
  },
);

const skews = fc.oneof(
  { weight: 3, arbitrary: fc.constant(0) },
  { weight: 1, arbitrary: fc.integer({ min: -dayMs + 2 * minute, max: dayMs - 2 * minute }) },
);

function rarely(when = true): fc.Arbitrary<boolean> {
  return when ? fc.integer({ min: 0, max: 4 }).map((draw) => draw === 0) : fc.constant(false);
}

const noTroubles = { skews: false, drops: false, pauses: false, deferrals: false };

function histories(given: Troubles): fc.Arbitrary<History> {
  const { moods, skews: hasSkews, drops, pauses, deferrals } = { ...noTroubles, ...given };
  const commit = fc.record({
    mood: fc.constantFrom(...moods),
    aggregate: fc.integer({ min: 0, max: 2 }),
    skewMs: hasSkews ? skews : fc.constant(0),
  });
  const deferral = fc.record({
    mood: fc.constantFrom(...moods),
    minutes: fc.constantFrom(0.01, 1, 3, 60, 20 * 60),
  });
  const act = fc.record({
    commits: fc.array(commit, { maxLength: 6 }),
    deferrals: fc.array(deferral, { maxLength: deferrals ? 3 : 0 }),
    cancels: fc.array(fc.nat(), { maxLength: deferrals ? 2 : 0 }),
    minutes: fc.constantFrom(1, 1, 1, 3, 20, 400, ...(pauses ? [3 * 24 * 60] : [])),
    runs: fc.constant(8),
    isDown: rarely(),
    isTriggerOff: rarely(),
    losesStream: rarely(drops),
    fates: fc.tuple(fates, fates, fates),
  });
  return fc.record({ acts: fc.array(act, { minLength: 1, maxLength: 8 }), seed: fc.nat() });
}

interface Cast {
  readonly relay: boolean;
  readonly sweepers: number;
}

/** Plays a history, then lets time pass in good weather until all that is delivered at all is delivered. */
async function play(
  { acts, seed }: History,
  cast: Cast,
  options: Omit<WorldOptions, 'seed'>,
): Promise<World> {
  const world = createWorld({ ...options, seed });
  const sequences = new Map<number, number>();
  for (const act of acts) {
    world.setDown(act.isDown);
    if (act.losesStream) world.loseStream();
    for (const { mood, aggregate, skewMs } of act.commits) {
      const sequence = (sequences.get(aggregate) ?? 0) + 1;
      sequences.set(aggregate, sequence);
      world.commit(
        { aggregate: `order/${aggregate}`, ...(options.ordered ? { sequence } : {}) },
        mood,
        skewMs,
      );
    }
    for (const [index, { minutes, mood }] of act.deferrals.entries()) {
      await world.defer(`order/${index}`, minutes * minute, mood);
    }
    await pass(world, act, cast);
  }
  world.setDown(false);
  await pass(world, { ...calm, minutes: 30 * 60, runs: 90 }, { ...cast, sweepers: 1 });
  return world;
}

const calm: Act = {
  commits: [],
  deferrals: [],
  cancels: [],
  minutes: 1,
  runs: 8,
  isDown: false,
  isTriggerOff: false,
  losesStream: false,
  fates: [{}, {}, {}],
};

/** Lets an act's time pass, so many minutes from one run of everybody to the next. */
async function pass(world: World, act: Act, cast: Cast): Promise<void> {
  const step = Math.ceil(act.minutes / act.runs);
  for (let passed = 0; passed < act.minutes; passed += step) {
    world.clock.advance(step * minute);
    const [relayFate, ...sweeperFates] = passed === 0 ? act.fates : calm.fates;
    await Promise.all([
      cast.relay && !act.isTriggerOff ? world.relay(relayFate) : undefined,
      ...sweeperFates.slice(0, cast.sweepers).map((fate) => world.sweep(fate)),
      ...(passed === 0 ? act.cancels : []).map((index) => world.cancel(index)),
    ]);
  }
}

const everyMood: readonly Mood[] = [
  'accept',
  'accept',
  'accept',
  'flaky',
  'malformed',
  'broken',
  'killer',
];
/** A failure is told before the test's time is up, though it could be made smaller. */
const bounds = { numRuns: Number(process.env['RUNS'] ?? 15), interruptAfterTimeLimit: 90_000 };

describe('an outbox through any history of faults', () => {
  it.each([
    { what: 'with relay and two sweepers', cast: { relay: true, sweepers: 2 } },
    { what: 'with a sweeper alone', cast: { relay: false, sweepers: 1 } },
    { what: 'with two sweepers alone', cast: { relay: false, sweepers: 2 } },
  ])('loses nothing and says nothing false, $what', async ({ cast }) => {
    await fc.assert(
      fc.asyncProperty(
        histories({ moods: everyMood, skews: true, drops: true, pauses: true, deferrals: true }),
        fc.boolean(),
        async (history, ordered) => {
          const world = await play(history, cast, { ordered, retryAttempts: 2 });

          expect(await lost(world)).toEqual([]);
          expect(await lostDeferred(world)).toEqual([]);
          expect(world.early).toEqual([]);
          expect(world.arrived.filter((id) => world.cancelled.has(id))).toEqual([]);
          await expectTrueReceipts(world);
          expect(miscounted(world)).toEqual([]);
        },
      ),
      bounds,
    );
  });

  it('delivers or parks everything, though the relay never runs', async () => {
    await fc.assert(
      fc.asyncProperty(
        histories({ moods: everyMood, skews: true, deferrals: true }),
        async (history) => {
          const world = await play(history, { relay: false, sweepers: 2 }, { ordered: false });

          const flowing = await Promise.all(
            (['retrying', 'held', 'deferred'] as const).map((state) =>
              world.store.countWaiting(state),
            ),
          );
          expect(flowing).toEqual([0, 0, 0]);
          expect(parkedMoods(world)).not.toContain('accept');
          expect(await lost(world)).toEqual([]);
        },
      ),
      bounds,
    );
  });

  it.each([
    {
      what: 'with relay and two sweepers',
      cast: { relay: true, sweepers: 2 },
      moods: withoutKillers(),
    },
    { what: 'with two sweepers alone', cast: { relay: false, sweepers: 2 }, moods: everyMood },
  ])(
    'shows each aggregate in sequence to a destination that keeps order, $what',
    async ({ cast, moods }) => {
      await fc.assert(
        fc.asyncProperty(histories({ moods }), async (history) => {
          const world = await play(history, cast, { ordered: true, retryAttempts: 10_000 });

          for (const sequences of firstArrivals(world).values()) {
            expect(sequences).toEqual(sequences.map((_, index) => index + 1));
          }
        }),
        bounds,
      );
    },
  );
});

function parkedMoods({ store, moodOf }: World): (Mood | undefined)[] {
  const parked = store.table.rows('w#').filter(({ state }) => state === 'parked');
  return parked.map(({ id }) => moodOf(String(id)));
}

function withoutKillers(): Mood[] {
  return everyMood.filter((mood) => mood !== 'killer');
}

async function expectTrueReceipts(world: World): Promise<void> {
  const receipts = await receiptsOf(world);
  const published = receipts.filter(({ outcome }) => outcome === 'published');
  const arrived = new Set(world.arrived);
  expect(published.flatMap(({ eventIds }) => eventIds).filter((id) => !arrived.has(id))).toEqual(
    [],
  );
  const settled = new Set(receipts.flatMap(({ eventIds }) => eventIds));
  expect(world.committed.filter(({ id }) => !settled.has(id))).toEqual([]);
}
