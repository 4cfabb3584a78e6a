import { describe, expect, it } from 'vitest';

import type { Entry } from '../../lib/table/entry.ts';
import { createWorld, minute, type CallFailing, type World } from './outbox-world.ts';

/** What a healthy event may wait next to bad ones: a probe of the sweeper, and a retry of the relay, for each batch of bad ones. */
const boundMs = 12 * minute;
const goodPerMinute = 5;
const minutes = 90;

interface Scenario {
  readonly failing: CallFailing;
  readonly ordered: boolean;
  readonly isTriggerOff?: boolean;
}

/** Commits good events all the time, and now and then bad ones. Returns how long each good one took at most. */
async function live({ failing, ordered, isTriggerOff = false }: Scenario) {
  const world = createWorld({
    ordered,
    seed: 11,
    batchSize: 10,
    chunkSize: 100,
    retryAttempts: 10_000,
  });
  const startedAt = world.clock.now();
  const committedAt = new Map<string, number>();
  const waited = new Map<string, number>();
  let bad = 0;
  const commitBad = (count: number): void => {
    for (let index = 0; index < count; index++) {
      world.commit({ aggregate: `bad/${bad++}`, ...(ordered ? { sequence: 1 } : {}) }, failing);
    }
  };
  const lookAtArrivals = (): void => {
    for (const id of world.arrived) {
      const since = committedAt.get(id);
      if (since !== undefined && !waited.has(id)) waited.set(id, world.clock.now() - since);
    }
  };
  for (let passed = 0; passed < minutes; passed++) {
    // Alone; one in each batch; more of them than several batches hold.
    if (passed === 5) commitBad(1);
    if (passed >= 20 && passed < 30) commitBad(1);
    if (passed === 45) commitBad(35);
    for (let count = 0; count < goodPerMinute && passed < minutes - 15; count++) {
      const sequenced: Partial<Entry> = ordered ? { sequence: passed + 1 } : {};
      const { id } = world.commit({ aggregate: `order/${count}`, ...sequenced }, 'accept');
      committedAt.set(id, world.clock.now());
    }
    // Every minute, as in production: what a run takes is no pause between runs.
    world.clock.advance(Math.max(0, startedAt + (passed + 1) * minute - world.clock.now()));
    // One after the other: they share a clock, and each has its own time.
    if (!isTriggerOff) await pollSeveralTimes(world);
    await world.sweep();
    lookAtArrivals();
  }
  const delays = [...committedAt.keys()].map((id) => waited.get(id) ?? Number.POSITIVE_INFINITY);
  return { world, longestMs: Math.max(...delays), bad };
}

/** Entries that are where a person sees them. */
async function countBad({ store }: World): Promise<number> {
  return (await store.countWaiting('retrying')) + (await store.countWaiting('parked'));
}

async function pollSeveralTimes(world: World): Promise<void> {
  for (let polls = 0; polls < 3; polls++) await world.relay();
}

const scenarios: Scenario[] = (['denied', 'stalling', 'breaking', 'invalid'] as const).flatMap(
  (failing) => [
    { failing, ordered: false },
    { failing, ordered: true },
    { failing, ordered: false, isTriggerOff: true },
    { failing, ordered: true, isTriggerOff: true },
  ],
);

describe('healthy events next to entries that make whole calls fail', () => {
  it.each(scenarios)(
    'arrive within twelve minutes: $failing, ordered $ordered, trigger off $isTriggerOff',
    async (scenario) => {
      const { world, longestMs, bad } = await live(scenario);

      expect(longestMs).toBeLessThanOrEqual(boundMs);
      expect(await countBad(world)).toBe(bad);
    },
  );
});

describe('an entry that a destination refuses while it takes nothing else', () => {
  it.each([false, true])(
    'waits in the stream, and in the waiting room once a later event is taken: ordered %s',
    async (ordered) => {
      const world = createWorld({ ordered, seed: 11, batchSize: 10, retryAttempts: 10_000 });
      const inOrder = ordered ? { sequence: 1 } : {};
      const runFor = async (count: number): Promise<void> => {
        for (let passed = 0; passed < count; passed++) {
          world.clock.advance(minute);
          await world.relay();
          await world.sweep();
        }
      };
      world.commit({ aggregate: 'bad/1', ...inOrder }, 'forbidden');
      await runFor(60);
      const before = await countBad(world);
      const good = world.commit({ aggregate: 'order/1', ...inOrder }, 'accept');
      await runFor(boundMs / minute);

      expect(before).toBe(0);
      expect(new Set(world.arrived)).toEqual(new Set([good.id]));
      expect(world.isDrained()).toBe(true);
      expect(await countBad(world)).toBe(1);
    },
  );
});
