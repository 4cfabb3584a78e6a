import { describe, expect, test } from 'vitest';

import type { OrderedConfig } from '../../../lib/core/environment.ts';
import type { Inbox, InboxMessage } from '../../../lib/runtime.ts';
import { messageOf, type Message } from '../../../lib/testing.ts';
import { memoryDatabase } from '../../support/ordered-database.ts';
import {
  createOrderedWorld,
  type OrderedWorld,
  type WorldDatabase,
} from '../../support/ordered-world.ts';
import { seeded } from '../../support/seeded.ts';
import { OrderPlaced, placed } from '../support.ts';

const minuteMs = 60_000;
/** How long a message that fails is in the queue's hands. */
const patienceMs = 15 * minuteMs;
const at = (sequence: number, over: Partial<Message> = {}, order = '42'): Message => ({
  ...messageOf(placed(order), { sequence }),
  ...over,
});

interface Watched extends OrderedWorld {
  /** What was handled, in its order. */
  readonly seen: string[];
  /** What the handler fails for, as it would be seen. */
  readonly failing: Set<string>;
  /** Checks, and handles nothing of what that puts back. */
  checkAlone(): Promise<unknown>;
  /** Delivers, and has all of it handled. */
  arrive(...messages: Message[]): Promise<void>;
}

interface WatchedOptions {
  readonly database?: WorldDatabase;
  readonly isFifo?: boolean;
}

function watched(
  ordered: Partial<OrderedConfig> = {},
  { database = memoryDatabase(), isFifo = false }: WatchedOptions = {},
): Watched {
  const seen: string[] = [];
  const failing = new Set<string>();
  const handle = ({ sequence, replayId }: InboxMessage): void => {
    const name = replayId === undefined ? `${sequence}` : `${sequence} ${replayId}`;
    if (failing.has(name)) throw new Error('not now');
    seen.push(name);
  };
  const handlers = (inbox: Inbox): Inbox => inbox.on(OrderPlaced, handle);
  const world = createOrderedWorld({ database, random: seeded(1), isFifo, ordered, handlers });
  const runAll = async (): Promise<void> => {
    while (world.queue.size() > 0) await world.work();
  };
  return {
    ...world,
    seen,
    failing,
    checkAlone: () => world.check(),
    arrive: async (...messages) => {
      world.deliver(...messages);
      await runAll();
    },
    check: async () => {
      const report = await world.check();
      await runAll();
      return report;
    },
  };
}

describe('a gap', () => {
  test('is measured from when the first message behind it came', async () => {
    const world = watched();
    await world.arrive(at(2), at(5));
    world.clock.advance(7 * minuteMs);

    expect(await world.check()).toEqual({ open: 1, oldestMs: 7 * minuteMs, failed: 0 });
  });

  test('is measured anew where the aggregate has moved and stands still again', async () => {
    const world = watched();
    await world.arrive(at(2), at(5));
    world.clock.advance(7 * minuteMs);
    await world.arrive(at(1));
    world.clock.advance(2 * minuteMs);

    expect(await world.check()).toEqual({ open: 1, oldestMs: 2 * minuteMs, failed: 0 });
  });

  test('is none when nothing waits, and zero is measured', async () => {
    const world = watched();
    await world.arrive(at(2));
    await world.arrive(at(1));

    expect(await world.check()).toEqual({ open: 0, oldestMs: 0, failed: 0 });
  });

  test('is counted for each aggregate, and the oldest tells the age', async () => {
    const world = watched();
    await world.arrive(at(2, {}, 'a'));
    world.clock.advance(minuteMs);
    await world.arrive(at(2, {}, 'b'), at(3, {}, 'b'));

    expect(await world.check()).toEqual({ open: 2, oldestMs: minuteMs, failed: 0 });
  });

  test('is seen to behind any number of others that stay open', async () => {
    const world = watched();
    const others = Array.from({ length: 1_000 }, (_, index) => at(2, {}, `o${index}`));
    await world.arrive(...others);
    world.clock.advance(minuteMs);
    const late = ['a', 'b', 'c', 'd', 'e'];
    await world.arrive(...late.map((order) => at(2, {}, order)));
    for (const order of late) {
      world.deliver(at(1, {}, order));
      await world.work({ diesAt: 2, afterTheCall: true });
      world.queue.purge();
    }
    world.clock.advance(minuteMs);

    const report = await world.check();

    expect(report.open).toBe(1_005);
    expect(world.seen).toEqual(['1', '1', '1', '1', '1', '2', '2', '2', '2', '2']);
  });

  test('keeps its messages whatever the check does', async () => {
    const world = watched();
    await world.arrive(at(2));
    world.clock.advance(365 * 24 * 60 * minuteMs);
    await world.check();

    await world.arrive(at(1));

    expect(world.seen).toEqual(['1', '2']);
  });
});

describe('what a worker left when it died', () => {
  /** The worker commits sequence 1 and dies; the queue has moved its message to the dead-letter queue. */
  async function abandoned(): Promise<Watched> {
    const world = watched();
    await world.arrive(at(2));
    world.deliver(at(1));
    await world.work({ diesAt: 2, afterTheCall: true });
    world.queue.purge();
    return world;
  }

  test('is put back on the queue, and handled', async () => {
    const world = await abandoned();
    world.clock.advance(minuteMs);

    await world.check();

    expect(world.seen).toEqual(['1', '2']);
    expect(await world.kept()).toEqual([]);
  });

  test('is left to the worker for half a minute: it may not be dead', async () => {
    const world = await abandoned();
    world.clock.advance(29_999);

    await world.check();

    expect(world.seen).toEqual(['1']);
  });

  test('is put back again after a day in which the queue has lost it', async () => {
    const world = await abandoned();
    world.clock.advance(minuteMs);
    await world.checkAlone();
    world.queue.purge();
    world.clock.advance(24 * 60 * minuteMs - 1);
    await world.check();
    const before = [...world.seen];
    world.clock.advance(1);

    await world.check();

    expect(before).toEqual(['1']);
    expect(world.seen).toEqual(['1', '2']);
  });

  test('is put back once: where its handler fails, the queue tries again', async () => {
    const world = await abandoned();
    world.clock.advance(minuteMs);
    await world.checkAlone();
    world.clock.advance(minuteMs);

    await world.checkAlone();

    expect(world.queue.size()).toBe(1);
  });
});

describe('an aggregate that begins in the middle', () => {
  const adoptUntil = Number.MAX_SAFE_INTEGER;

  test('waits for earlier events as long as it is told to', async () => {
    const world = watched({ adoptUntil, adoptWaitMs: 3 * minuteMs });
    await world.arrive(at(57), at(58));
    world.clock.advance(3 * minuteMs - 1);

    await world.check();
    const early = [...world.seen];
    world.clock.advance(1);
    await world.check();

    expect(early).toEqual([]);
    expect(world.seen).toEqual(['57', '58']);
  });

  test('begins with the lowest that came, and a later one below it is old', async () => {
    const world = watched({ adoptUntil });
    await world.arrive(at(58), at(57));
    world.clock.advance(minuteMs);
    await world.check();

    await world.arrive(at(56), at(59));

    expect(world.seen).toEqual(['57', '58', '59']);
  });

  test('is adopted with what waits from before it was to be, also on a FIFO queue', async () => {
    const database = memoryDatabase();
    const before = watched({}, { database, isFifo: true });
    await before.arrive(at(57), at(58));
    const world = watched({ adoptUntil }, { database, isFifo: true });
    await world.arrive(at(59));

    await world.check();

    expect(world.seen).toEqual(['57', '58', '59']);
    expect(await world.kept()).toEqual([]);
  });

  test('is not adopted where there is no end date, or it has passed', async () => {
    const past = watched({ adoptUntil: 1 });
    const none = watched();
    for (const world of [past, none]) {
      await world.arrive(at(57));
      world.clock.advance(60 * minuteMs);
      await world.check();
    }

    expect([...past.seen, ...none.seen]).toEqual([]);
  });

  test('is brought what it lacks by a replay from the start', async () => {
    const world = watched();
    await world.arrive(at(3));

    await world.arrive(at(1, { replayid: 'r' }), at(2, { replayid: 'r' }));

    expect(world.seen).toEqual(['1 r', '2 r', '3']);
  });
});

describe('a replay', () => {
  const history = [at(1), at(2), at(3), at(4)];
  const again = (from: number, to: number): Message[] =>
    history.slice(from - 1, to).map((message) => ({ ...message, replayid: 'r' }));

  test('of a part has the aggregate go on from where it was, when nothing more of it comes', async () => {
    const world = watched();
    await world.arrive(...history);
    await world.arrive(...again(2, 3));
    world.clock.advance(minuteMs);
    await world.check();
    await world.arrive(at(5));
    const before = world.seen.slice(4);

    world.clock.advance(patienceMs);
    await world.check();

    expect(before).toEqual(['2 r', '3 r']);
    expect(world.seen.slice(4)).toEqual(['2 r', '3 r', '5']);
    expect(await world.kept()).toEqual([]);
  });

  test('with a hole, such as one of some types only, goes on behind the hole', async () => {
    const world = watched();
    await world.arrive(...history);
    await world.arrive(...again(1, 1), ...again(4, 4));
    world.clock.advance(patienceMs);

    await world.check();

    expect(world.seen.slice(4)).toEqual(['1 r', '4 r']);
    expect(await world.kept()).toEqual([]);
  });

  test('whose messages come again after its end has no effect again', async () => {
    const world = watched();
    await world.arrive(...history);
    await world.arrive(...again(1, 4));

    await world.arrive(...again(2, 4));

    expect(world.seen).toHaveLength(8);
    expect(world.queue.elsewhere).toEqual([]);
  });

  test('waits for a message that fails as long as the queue may have it in hand', async () => {
    const world = watched();
    await world.arrive(...history);
    world.failing.add('2 r');
    world.deliver(...again(1, 4));
    for (let tried = 0; tried < 6; tried++) await world.work();
    world.clock.advance(patienceMs - 1);
    await world.checkAlone();
    world.failing.clear();

    await world.check();

    expect(world.seen.slice(4)).toEqual(['1 r', '2 r', '3 r', '4 r']);
  });

  test('that went on says so, and a message that comes after later ones is put aside, not forgotten', async () => {
    const world = watched();
    await world.arrive(...history);
    await world.arrive(...again(1, 1), ...again(3, 4));
    world.clock.advance(patienceMs);
    await world.check();

    await world.arrive(...again(2, 2));

    expect(world.seen.slice(4)).toEqual(['1 r', '3 r', '4 r']);
    expect(world.queue.elsewhere).toHaveLength(1);
    expect(world.log.lines).toContainEqual(
      expect.objectContaining({
        level: 'warn',
        message: 'replay goes on without what did not come of it',
        fields: expect.objectContaining({ replayId: 'r', from: 2, to: 2 }) as object,
      }),
    );
  });

  test('with many holes waits for long at the first alone', async () => {
    const world = watched();
    const long = [1, 2, 3, 4, 5, 6, 7].map((sequence) => at(sequence));
    await world.arrive(...long);
    const odd = long.filter((_, index) => index % 2 === 0);
    await world.arrive(...odd.map((message) => ({ ...message, replayid: 'r' })));
    world.clock.advance(patienceMs);
    await world.check();
    world.clock.advance(minuteMs);
    await world.check();
    world.clock.advance(minuteMs);

    await world.check();

    expect(world.seen.slice(7)).toEqual(['1 r', '3 r', '5 r', '7 r']);
  });

  test('is as old a gap as the new messages that wait for its end', async () => {
    const world = watched();
    await world.arrive(...history);
    await world.arrive(...again(1, 1));
    await world.arrive(at(5));
    world.clock.advance(7 * minuteMs);
    await world.arrive(...again(2, 2));
    world.clock.advance(7 * minuteMs);

    expect(await world.check()).toEqual({ open: 1, oldestMs: 14 * minuteMs, failed: 0 });
  });

  test('does not take the place of a new message that waits: it is new to the handler', async () => {
    const world = watched();
    const waiting = at(2);
    await world.arrive(waiting);

    await world.arrive({ ...waiting, replayid: 'r' });
    await world.arrive(at(1));

    expect(world.seen).toEqual(['1', '2']);
    expect(await world.kept()).toEqual([]);
  });

  test('that stands still gives way to another one, and none of it is lost', async () => {
    const world = watched();
    await world.arrive(...history);
    await world.arrive(...again(1, 2));
    world.clock.advance(patienceMs - 1);
    const another = history.map((message) => ({ ...message, replayid: 's' }));
    world.deliver(...another);
    await world.work();
    const before = world.seen.slice(4);

    world.clock.advance(1);
    await world.arrive();
    await world.arrive(...again(3, 4));
    world.clock.advance(2 * minuteMs);
    await world.check();

    expect(before).toEqual(['1 r', '2 r']);
    expect(world.seen.slice(6)).toEqual(['1 s', '2 s', '3 s', '4 s', '3 r', '4 r']);
    expect(await world.kept()).toEqual([]);
    expect(world.queue.elsewhere).toEqual([]);
  });

  test('that was followed by another is not handled again by a late copy of a message', async () => {
    const world = watched();
    await world.arrive(...history);
    await world.arrive(...again(1, 2));
    world.clock.advance(patienceMs);
    await world.arrive(...history.slice(2).map((message) => ({ ...message, replayid: 's' })));
    world.clock.advance(minuteMs);
    await world.check();
    const before = [...world.seen];

    await world.arrive(...again(2, 2));
    world.clock.advance(minuteMs);
    await world.check();

    expect(world.seen).toEqual(before);
  });
});
