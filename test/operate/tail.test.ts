import { describe, expect, it } from 'vitest';

import { tailEvents, type TailLine } from '../../lib/operate/tail.ts';
import type { Clock } from '../../lib/core/ports.ts';
import { someTime } from '../support/entries.ts';
import { accepts, refuses } from '../support/world.ts';
import { collect, createOperateWorld, minute, operator } from './support.ts';
import { redriveEntries } from '../../lib/operate/change.ts';

type World = ReturnType<typeof createOperateWorld>;

/** Follows the outbox while `acts` happen, one after each look; then stops. */
async function follow(
  world: World,
  acts: (() => Promise<unknown>)[],
  since = someTime,
): Promise<TailLine[]> {
  const left = [...acts];
  const controller = new AbortController();
  const clock: Clock = {
    now: () => world.clock.now(),
    sleep: async (ms) => {
      const act = left.shift();
      await act?.();
      world.clock.advance(ms);
      if (act === undefined) controller.abort();
    },
  };
  return collect(tailEvents(world.store, clock, { since, everyMs: 1000, stop: controller.signal }));
}

describe('following an outbox', () => {
  it('shows events as they are written and delivered, each once', async () => {
    const world = createOperateWorld();

    const lines = await follow(world, [() => world.deliver({ sequence: 3 }), () => world.write()]);

    expect(lines.map(({ what }) => what)).toEqual(['written', 'published', 'written']);
    expect(lines[1]).toMatchObject({
      eventId: lines[0]!.eventId,
      type: 'order.placed',
      aggregate: 'order/1',
      sequence: 3,
    });
  });

  it('shows what was written since a moment, and nothing of before', async () => {
    const world = createOperateWorld();
    await world.deliver({});
    world.clock.advance(2000);
    const since = world.clock.now();
    const [entry] = await world.deliver({ aggregate: 'order/2' });

    const lines = await follow(world, [], since);

    expect(new Set(lines.map(({ eventId }) => eventId))).toEqual(new Set([entry!.id]));
  });

  it('shows a receipt that comes minutes later', async () => {
    const world = createOperateWorld();
    const entry = await world.write();
    const wait = () => {
      world.clock.advance(minute);
      return Promise.resolve();
    };

    const lines = await follow(world, [wait, wait, wait, () => world.relay([entry])]);

    expect(lines.map(({ what }) => what)).toEqual(['written', 'published']);
  });

  it('shows an event that waits, and its delivery after that', async () => {
    const world = createOperateWorld();
    world.script.decide = refuses('MalformedDetail');
    const bringBack = async () => {
      const [row] = await collect(world.store.listWaiting('parked', world.clock.now()));
      await redriveEntries(
        operator,
        [],
        world.ports,
      )((await world.store.getWaiting(row![0]!.key))!);
      world.script.decide = accepts;
      await world.sweep();
    };

    const lines = await follow(world, [() => world.deliver({}), bringBack]);

    expect(lines.map(({ what }) => what)).toEqual(['written', 'waiting', 'published']);
  });

  it('passes from one minute into the next', async () => {
    const world = createOperateWorld();
    const write = async () => {
      await world.write();
      world.clock.advance(20_000);
    };

    const lines = await follow(world, [write, write, write, write, write]);

    expect(lines).toHaveLength(5);
  });
});
