import { beforeEach, describe, expect, it } from 'vitest';

import type { Entry } from '../../lib/table/entry.ts';
import { sweepDue } from '../../lib/sweeper/due.ts';
import {
  createSweepWorld,
  hour,
  inSequence,
  minute,
  refusing,
  start,
  type SweepWorld,
} from '../support/sweep-world.ts';
import {
  accepts,
  entryOf,
  refuses,
  scripted,
  type Script,
  type ScriptedDestination,
} from '../support/world.ts';

describe('the due pass before a destination that keeps order', () => {
  const script: { decide: Script } = { decide: accepts };
  let world: SweepWorld;
  let fifo: ScriptedDestination;
  let line: Entry[];
  beforeEach(async () => {
    script.decide = accepts;
    fifo = scripted(script, { name: 'fifo', kind: 'queue', ordered: true });
    world = createSweepWorld([fifo]);
    const [other] = world.commit(1, () => ({ aggregate: 'order/2', sequence: 1 }));
    line = world.commit(5, inSequence);
    script.decide = refusing([line[0]?.id]);
    await world.relay([other!, ...line]);
    fifo.arrived.length = 0;
  });

  const sweep = () => sweepDue(world.ports, world.budget());

  it('delivers a line in its sequence, in one run, once the first can go', async () => {
    script.decide = accepts;
    world.clock.advance(2 * minute);

    await sweep();

    expect(fifo.arrived).toEqual(line.map(({ id }) => id));
    expect(await world.store.heldAggregates(['order/1'])).toEqual(new Set());
  });

  it('holds a line behind one that is parked, without an attempt or a write', async () => {
    await world.change(line[0]!, { state: 'parked' });
    const before = world.store.table.rows();
    world.clock.advance(12 * hour);

    await sweep();

    expect(fifo.arrived).toEqual([]);
    expect(world.store.table.rows()).toEqual(before);
  });

  it('releases a line whose first was taken away by somebody else', async () => {
    const first = await world.waiting(line[0]!);
    await world.store.removeWaiting(first!, {});
    script.decide = accepts;
    world.clock.advance(6 * minute);

    await sweep();

    expect(fifo.arrived).toEqual(line.slice(1).map(({ id }) => id));
  });

  it('stops a line where one fails', async () => {
    script.decide = refusing([line[2]?.id]);
    world.clock.advance(2 * minute);

    await sweep();

    expect(fifo.arrived).toEqual([line[0]!.id, line[1]!.id]);
    const states = await Promise.all(
      line.map(async (entry) => (await world.waiting(entry))?.state),
    );
    expect(states).toEqual([undefined, undefined, 'retrying', 'held', 'held']);
  });

  it('begins a line with one that came late and belongs before the others', async () => {
    const [second, third] = world.commit(2, (index) => ({
      aggregate: 'order/4',
      sequence: index + 2,
    }));
    script.decide = refusing([second?.id]);
    await world.relay([second!, third!, ...world.commit(1)]);
    const [first] = world.commit(1, () => ({ aggregate: 'order/4', sequence: 1 }));
    await world.relay([first!]);
    expect(await world.waiting(first!)).toMatchObject({ state: 'held' });
    script.decide = accepts;
    fifo.arrived.length = 0;
    world.clock.advance(6 * minute);

    await sweep();

    const ids = [first, second, third].map((entry) => entry!.id);
    expect(fifo.arrived.filter((id) => ids.includes(id))).toEqual(ids);
  });

  it('keeps a line from stopping what else is due', async () => {
    const many = world.commit(400, (index) => ({ aggregate: 'order/3', sequence: index + 1 }));
    await world.store.addWaiting(
      many.map((entry) => ({ entry, state: 'held', dueAt: start, attempts: 0, blocksLane: true })),
    );
    const deferred = entryOf(world.newId(start), { aggregate: 'order/9' });
    await world.store.addWaiting([
      { entry: deferred, state: 'deferred', dueAt: start + minute, attempts: 0, blocksLane: false },
    ]);
    script.decide = accepts;
    world.clock.advance(2 * minute);

    await sweep();

    expect(fifo.arrived.indexOf(deferred.id)).toBeLessThan(5);
    expect(fifo.arrived.filter((id) => many.some((entry) => entry.id === id))).toEqual(
      many.map(({ id }) => id),
    );
  });

  it('releases a line as soon as the destination that keeps order has its first', async () => {
    const bus = scripted({ decide: refuses('Odd') }, { name: 'bus' });
    world = createSweepWorld([fifo, bus]);
    const entries = world.commit(3, inSequence);
    script.decide = refusing([entries[0]?.id]);
    await world.relay(entries);
    script.decide = accepts;
    fifo.arrived.length = 0;
    world.clock.advance(2 * minute);

    await sweep();

    expect(fifo.arrived).toEqual(entries.map(({ id }) => id));
    expect(await world.waiting(entries[0]!)).toMatchObject({ missing: ['bus'], blocksLane: false });
  });
});
