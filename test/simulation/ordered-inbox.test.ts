import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';

import type { Row } from '../../lib/table/entry.ts';
import type { OrderedConfig } from '../../lib/core/environment.ts';
import { defineEvent, type Inbox } from '../../lib/runtime.ts';
import { messageOf, type Message } from '../../lib/testing.ts';
import type { Fate } from '../support/mortal.ts';
import { committedTo, memoryDatabase } from '../support/ordered-database.ts';
import { createOrderedWorld, type OrderedWorld } from '../support/ordered-world.ts';
import { seeded, shuffled } from '../support/seeded.ts';

const Step = defineEvent('order.step', { aggregateType: 'order', schema: z.object({}) });
/** Nobody handles it. */
const Noise = defineEvent('order.noise', { aggregateType: 'order', schema: z.object({}) });

interface Plan {
  readonly seed: number;
  readonly aggregates: number;
  /** Events of each aggregate. */
  readonly length: number;
  /** How often each message is delivered, at the most. */
  readonly copies: number;
  /** How many invocations of a hundred die. */
  readonly deaths: number;
  /** How many calls of a handler of a hundred fail. */
  readonly failures: number;
  readonly isFifo: boolean;
  readonly idempotency: 'transaction' | 'lease';
}

const plans = fc.record({
  seed: fc.nat(),
  aggregates: fc.integer({ min: 1, max: 3 }),
  length: fc.integer({ min: 1, max: 8 }),
  copies: fc.integer({ min: 1, max: 3 }),
  deaths: fc.constantFrom(0, 30, 60),
  failures: fc.constantFrom(0, 30),
  isFifo: fc.boolean(),
  idempotency: fc.constantFrom<Plan['idempotency']>('transaction', 'lease'),
});

/** The histories of all aggregates; every third event is one that nobody handles, or a skip notice. */
function historiesOf({ aggregates, length }: Plan): Message[] {
  return Array.from({ length: aggregates }, (_, aggregate) =>
    Array.from({ length }, (__, index) => messageAt(String(aggregate), index + 1)),
  ).flat();
}

function messageAt(aggregate: string, sequence: number): Message {
  if (sequence % 6 === 3) return messageOf(Noise(aggregate, {}), { sequence });
  const message = messageOf(Step(aggregate, {}), { sequence });
  return sequence % 6 === 0 ? { ...message, skipped: true } : message;
}

/** A world in which everything goes wrong that may, and a log of what was committed in it. */
function troubledWorld(plan: Plan, ordered: Partial<OrderedConfig> = {}) {
  const random = seeded(plan.seed);
  const memory = memoryDatabase();
  const { transactor, committed } = committedTo('effects', memory.transactor);
  const isUnlucky = (percent: number): boolean => random() * 100 < percent;
  const handlers = (inbox: Inbox): Inbox =>
    inbox.on(
      Step,
      ({ aggregate, sequence = 0, replayId = 'live' }, tx) => {
        tx.put({
          TableName: 'effects',
          Item: { id: `${aggregate}/${sequence}/${replayId}`, aggregate, sequence },
          // What happened already would fail for ever, and be seen.
          ConditionExpression: 'attribute_not_exists(id)',
        });
        if (isUnlucky(plan.failures)) throw new Error('unlucky');
      },
      { idempotency: plan.idempotency } as { idempotency: 'transaction' },
    );
  const database = { ...memory, transactor };
  const { isFifo } = plan;
  const world = createOrderedWorld({ database, random, isFifo, ordered, handlers });
  const fate = (): Fate => ({
    ...(isUnlucky(plan.deaths) ? { diesAt: 1 + Math.floor(random() * 12) } : {}),
    afterTheCall: random() < 0.5,
    pause: async () => {
      for (let turns = Math.floor(random() * 8); turns > 0; turns--) await Promise.resolve();
    },
  });
  return { world, committed, fate, random };
}

function deliverAll(world: OrderedWorld, plan: Plan, random: () => number): void {
  const copies = historiesOf(plan).flatMap((message) =>
    Array.from({ length: 1 + Math.floor(random() * plan.copies) }, () => message),
  );
  // A FIFO queue keeps an aggregate's order as its producer had it: that may be wrong as well.
  world.deliver(...shuffled(copies, random));
}

const workers = 3;
const mostRounds = 2_000;

/** Has workers take from the queue, some at once, until nothing is left in it. */
async function runUntilEmpty(
  world: OrderedWorld,
  { fate, random }: { fate: () => Fate; random: () => number },
): Promise<void> {
  for (let round = 0; world.queue.size() > 0; round++) {
    if (round > mostRounds) throw new Error(`${world.queue.size()} messages are never done`);
    const atOnce = 1 + Math.floor(random() * workers);
    await Promise.all(Array.from({ length: atOnce }, () => world.work(fate())));
    // Leases of the dead end meanwhile.
    world.clock.advance(5 * 60_000);
  }
}

/** Has workers and the check of gaps run until there is nothing left for either. */
async function runUntilQuiet(
  world: OrderedWorld,
  chances: { fate: () => Fate; random: () => number },
): Promise<void> {
  for (let minutes = 0; minutes < 60; minutes++) {
    await runUntilEmpty(world, chances);
    await world.check();
    world.clock.advance(60_000);
  }
}

function expectedOf(plan: Plan): Record<string, number[]> {
  const handled = Array.from({ length: plan.length }, (_, index) => index + 1).filter(
    (sequence) => sequence % 3 !== 0,
  );
  return Object.fromEntries(
    Array.from({ length: plan.aggregates }, (_, index) => [`order/${index}`, handled] as const),
  );
}

/** The sequences that were handled of each aggregate, in their order. */
function sequencesOf(committed: readonly Row[]): Record<string, unknown[]> {
  const byAggregate = Map.groupBy(committed, ({ aggregate }) => String(aggregate));
  return Object.fromEntries(
    [...byAggregate].map(([name, effects]) => [name, effects.map(({ sequence }) => sequence)]),
  );
}

describe('histories that arrive shuffled and in copies, at workers that die and handlers that fail', () => {
  test('are handled in sequence, each event once, and nothing stays behind, without any check', async () => {
    const check = async (plan: Plan): Promise<void> => {
      const { world, committed, fate, random } = troubledWorld(plan);
      deliverAll(world, plan, random);

      await runUntilEmpty(world, { fate, random });

      expect(sequencesOf(committed)).toEqual(expectedOf(plan));
      expect(await world.kept()).toEqual([]);
      expect(world.queue.elsewhere).toEqual([]);
    };

    await fc.assert(fc.asyncProperty(plans, check), { numRuns: 300 });
  });

  test('burn no receive for being early, where one worker lives and nothing fails', async () => {
    const check = async (drawn: Plan): Promise<void> => {
      const plan = { ...drawn, deaths: 0, failures: 0, copies: 1, isFifo: false };
      const { world, committed, random } = troubledWorld(plan);
      deliverAll(world, plan, random);

      while (world.queue.size() > 0) await world.work();

      expect(world.queue.mostReceives()).toBe(1);
      expect(sequencesOf(committed)).toEqual(expectedOf(plan));
    };

    await fc.assert(fc.asyncProperty(plans, check), { numRuns: 50 });
  });
});

/** A message of every event from one sequence to another. */
function stretch(from: number, to: number, over: Partial<Message> = {}): Message[] {
  return Array.from({ length: to - from + 1 }, (_, index) => ({
    ...messageOf(Step('0', {}), { sequence: from + index }),
    ...over,
  }));
}

describe('an aggregate that begins in the middle', () => {
  test('is handled from the first that came within the wait, in sequence', async () => {
    const check = async (drawn: Plan): Promise<void> => {
      const plan = { ...drawn, isFifo: false };
      const { world, committed, fate, random } = troubledWorld(plan, {
        adoptUntil: Number.MAX_SAFE_INTEGER,
      });
      world.deliver(...shuffled(stretch(57, 60), random));

      await runUntilEmpty(world, { fate, random });
      await world.check();
      await runUntilEmpty(world, { fate, random });

      expect(committed.map(({ sequence }) => sequence)).toEqual([57, 58, 59, 60]);
      expect(await world.kept()).toEqual([]);
    };

    await fc.assert(fc.asyncProperty(plans, check), { numRuns: 50 });
  });
});

describe('a replay', () => {
  test('is handled again in sequence, each event once, and what is new comes after it', async () => {
    const check = async (drawn: Plan, from: number): Promise<void> => {
      const plan = { ...drawn, isFifo: false };
      const { world, committed, fate, random } = troubledWorld(plan);
      const before = stretch(1, 6);
      world.deliver(...before);
      await runUntilEmpty(world, { fate, random });
      const replayed = before.slice(from - 1).map((message) => ({ ...message, replayid: 'r' }));
      world.deliver(...shuffled([...replayed, ...replayed, ...before], random));
      await runUntilEmpty(world, { fate, random });
      world.deliver(...shuffled(stretch(7, 8), random));

      await runUntilEmpty(world, { fate, random });
      await world.check();
      await runUntilEmpty(world, { fate, random });

      const again = [1, 2, 3, 4, 5, 6].slice(from - 1);
      expect(committed.map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4, 5, 6, ...again, 7, 8]);
      expect(await world.kept()).toEqual([]);
    };

    await fc.assert(fc.asyncProperty(plans, fc.integer({ min: 1, max: 6 }), check), {
      numRuns: 50,
    });
  });

  test('has each of its events handled once, whatever other replay comes in between and whatever comes twice', async () => {
    const check = async (plan: Plan): Promise<void> => {
      const { world, committed, fate, random } = troubledWorld(plan);
      const history = stretch(1, plan.length);
      const replays = ['r', 's'].flatMap((replayid) => {
        const part = history.slice(Math.floor(random() * plan.length));
        return [...part, ...part.slice(0, 2)].map((message) => ({ ...message, replayid }));
      });
      const arriving = shuffled([...history, ...history, ...replays], random);

      while (arriving.length > 0) {
        world.deliver(...arriving.splice(0, 1 + Math.floor(random() * 4)));
        await Promise.all([world.work(fate()), world.work(fate()), world.check(fate())]);
        world.clock.advance(60_000);
      }
      await runUntilQuiet(world, { fate, random });

      const firsts = [...new Set(committed.map(({ sequence }) => sequence))];
      expect(firsts).toEqual(history.map((_, index) => index + 1));
      const ids = committed.map(({ id }) => id);
      expect(ids).toEqual([...new Set(ids)]);
      expect(await world.kept()).toEqual([]);
    };

    await fc.assert(fc.asyncProperty(plans, check), { numRuns: 100 });
  });

  test('runs to its end before another one of the same aggregate, whatever order both come in', async () => {
    const check = async (drawn: Plan): Promise<void> => {
      const plan = { ...drawn, isFifo: false, failures: 0, deaths: 0 };
      const { world, committed, random } = troubledWorld(plan);
      const history = stretch(1, plan.length);
      world.deliver(...history);
      while (world.queue.size() > 0) await world.work();
      const replays = ['r', 's'].flatMap((replayid) =>
        history.map((message) => ({ ...message, replayid })),
      );
      world.deliver(...shuffled(replays, random));

      for (let round = 0; world.queue.size() > 0; round++) {
        if (round > mostRounds) throw new Error(`${world.queue.size()} messages are never done`);
        await world.work();
        world.clock.advance(1_000);
      }

      const once = history.map(({ sequence }) => Number(sequence));
      expect(committed.map(({ sequence }) => sequence)).toEqual([...once, ...once, ...once]);
      expect(world.queue.elsewhere).toEqual([]);
      expect(await world.kept()).toEqual([]);
    };

    await fc.assert(fc.asyncProperty(plans, check), { numRuns: 100 });
  });
});
