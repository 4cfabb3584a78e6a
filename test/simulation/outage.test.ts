import { describe, expect, it } from 'vitest';

import { createWorld, hour, minute, receiptsOf, type Outage, type World } from './outbox-world.ts';

/** What goes on for some time. */
interface Stretch {
  readonly minutes: number;
  readonly isDown?: boolean;
  /** @default unreachable */
  readonly how?: Outage;
  readonly isTriggerOff?: boolean;
}

const perMinute = 5;
/** Invocations of the relay in a minute: many times what is written, so that it catches up. */
const pollsPerMinute = 5;

async function live(world: World, { minutes, isDown = false, how, isTriggerOff = false }: Stretch) {
  world.setDown(isDown, how);
  for (let passed = 0; passed < minutes; passed++) {
    for (let count = 0; count < perMinute; count++) {
      world.commit({ aggregate: `order/${count}` }, 'accept');
    }
    world.clock.advance(minute);
    const relaying = async (): Promise<void> => {
      for (let polls = 0; polls < pollsPerMinute; polls++) await world.relay();
    };
    await Promise.all([isTriggerOff ? undefined : relaying(), world.sweep()]);
  }
}

const hours = hour / minute;

describe('recovery', () => {
  it.each<{ what: string; trouble: Stretch }>([
    { what: 'the destination was down for hours', trouble: { minutes: 6 * hours, isDown: true } },
    {
      what: 'the destination refused each of a few entries for hours',
      trouble: { minutes: 6 * hours, isDown: true, how: 'refusing' },
    },
    { what: 'the trigger was off for hours', trouble: { minutes: 6 * hours, isTriggerOff: true } },
    {
      what: 'both were',
      trouble: { minutes: 6 * hours, isDown: true, isTriggerOff: true },
    },
    {
      what: 'the destination was down for longer than the stream remembers',
      trouble: { minutes: 26 * hours, isDown: true },
    },
    {
      what: 'the trigger was off for longer than the stream remembers',
      trouble: { minutes: 26 * hours, isTriggerOff: true },
    },
  ])(
    'delivers all of the backlog, and hardly any of it twice, after $what',
    async ({ trouble }) => {
      const world = createWorld({ ordered: false, seed: 7, batchSize: 100, retryAttempts: 10_000 });
      await live(world, { minutes: 10 });
      await live(world, trouble);
      await live(world, { minutes: 2 * hours });
      const owed = [...world.committed];
      await live(world, { minutes: 3 });

      const hardlyAny = (perMinute * trouble.minutes) / 100;
      const arrived = new Set(world.arrived);
      expect(owed.filter(({ id }) => !arrived.has(id))).toEqual([]);
      expect(world.arrived.length - arrived.size).toBeLessThan(hardlyAny);
      expect(await movedToWaitingRoom(world)).toBeLessThan(hardlyAny);
    },
  );
});

/** Entries of which a receipt says that they waited: an outage must not make a row of each. */
async function movedToWaitingRoom(world: World): Promise<number> {
  const receipts = await receiptsOf(world);
  const waiting = receipts.filter(({ outcome }) => outcome === 'waiting');
  return waiting.reduce((sum, { eventIds }) => sum + eventIds.length, 0);
}
