import { describe, expect, it } from 'vitest';

import {
  changeEach,
  redriveEntries,
  redriveBlocker,
  type ChangedRow,
} from '../../lib/operate/change.ts';
import { createPace } from '../../lib/core/concurrency.ts';
import { select, type Selection } from '../../lib/operate/selection.ts';
import { aWaiting, anEntry } from '../support/entries.ts';
import { accepts, refuses } from '../support/world.ts';
import { collect, createOperateWorld, minute, operator } from './support.ts';

type World = ReturnType<typeof createOperateWorld>;

const parked: Selection = { states: ['parked'] };

async function redriveAll(world: World, selection = parked): Promise<ChangedRow[]> {
  const { store, ports, clock, destination } = world;
  const rows = await collect(select(store, selection));
  const change = redriveEntries(operator, [destination.name], ports);
  return collect(changeEach(rows, change, { store, pace: createPace(1000, clock) }));
}

describe('a redrive', () => {
  it('has what was parked delivered by the next sweep', async () => {
    const world = createOperateWorld();
    world.script.decide = refuses('MalformedDetail');
    const [entry] = await world.deliver({});
    world.script.decide = accepts;

    const changed = await redriveAll(world);
    await world.sweep();

    expect(changed).toMatchObject([{ status: 'done', eventId: entry!.id }]);
    expect(world.destination.arrived).toEqual([entry!.id]);
    expect(await world.waitingOf(entry!)).toBeUndefined();
  });

  it('gives it as many attempts as if it were new', async () => {
    const world = createOperateWorld();
    world.script.decide = refuses('Odd');
    const [entry] = await world.deliver({});
    for (let sweeps = 0; sweeps < 10; sweeps++) {
      world.clock.advance(60 * minute);
      await world.sweep();
    }
    expect(await world.waitingOf(entry!)).toMatchObject({ state: 'parked', attempts: 5 });

    await redriveAll(world);

    const waiting = await world.waitingOf(entry!);
    expect(waiting).toMatchObject({ state: 'retrying', attempts: 0, dueAt: world.clock.now() });
    expect(waiting).not.toHaveProperty('firstTriedAt');
    expect(waiting?.error?.code).toBe('Odd');
  });

  it('delivers an aggregate in its sequence, whatever the order it is listed in', async () => {
    const world = createOperateWorld({ ordered: true });
    world.script.decide = refuses('MalformedDetail');
    const [first] = await world.deliver({ sequence: 1 });
    const rest = await world.deliver({ sequence: 2 }, { sequence: 3 });
    world.script.decide = accepts;

    await redriveAll(world);
    await world.sweep();

    expect(world.destination.arrived).toEqual([first!.id, ...rest.map(({ id }) => id)]);
  });

  it('is on the record before it is done: at worst of one that did not come about', async () => {
    const world = createOperateWorld();
    world.script.decide = refuses('MalformedDetail');
    const [entry] = await world.deliver({});
    const changeWaiting = () => Promise.reject(new Error('the connection was cut'));
    const cut = { ...world.ports, store: { ...world.store, changeWaiting } };

    await expect(redriveAll({ ...world, ports: cut })).rejects.toThrow('cut');

    expect(await world.store.readAudit({ eventId: entry!.id })).toMatchObject([
      { action: 'redrive', ...operator, aggregate: 'order/1', at: world.clock.now() },
    ]);
  });

  it('goes to all destinations where those that lack it are gone', async () => {
    const world = createOperateWorld();
    const entry = await world.write();
    await world.store.addWaiting([
      aWaiting({ entry, state: 'parked', missing: ['a destination that was renamed'] }),
    ]);

    await redriveAll(world);
    await world.sweep();

    expect(world.destination.arrived).toEqual([entry.id]);
  });

  it('takes back that an entry was given up', async () => {
    const world = createOperateWorld();
    const entry = await world.write({ sequence: 1 });
    const giveUp = { id: 'note', at: 0, by: 'ann', reason: 'a mistake' };
    await world.store.addWaiting([aWaiting({ entry, state: 'parked', discard: giveUp })]);

    await redriveAll(world);

    expect(await world.waitingOf(entry)).not.toHaveProperty('discard');
  });

  it('leaves alone what somebody else has taken out meanwhile', async () => {
    const world = createOperateWorld();
    world.script.decide = refuses('MalformedDetail');
    await world.deliver({});
    const { store, ports, clock } = world;
    const rows = await collect(select(store, parked));
    await redriveAll(world);
    world.script.decide = accepts;
    await world.sweep();

    const change = redriveEntries(operator, [], ports);
    const changed = await collect(changeEach(rows, change, { store, pace: createPace(9, clock) }));

    expect(changed).toMatchObject([{ status: 'gone' }]);
  });

  it('tries again where a sweeper changed the row at the same moment', async () => {
    const world = createOperateWorld();
    world.script.decide = refuses('MalformedDetail');
    const [entry] = await world.deliver({});
    const { store } = world;
    let calls = 0;
    const changeWaiting: typeof store.changeWaiting = (before, after) =>
      ++calls === 1 ? Promise.resolve(false) : store.changeWaiting(before, after);

    const [changed] = await redriveAll({
      ...world,
      ports: { ...world.ports, store: { ...store, changeWaiting } },
    });

    expect(changed).toMatchObject({ status: 'done' });
    expect(await world.waitingOf(entry!)).toMatchObject({ state: 'retrying' });
  });

  it('gives up on a row that somebody changes each time', async () => {
    const world = createOperateWorld();
    world.script.decide = refuses('MalformedDetail');
    await world.deliver({});
    const changeWaiting = () => Promise.resolve(false);

    const [changed] = await redriveAll({
      ...world,
      ports: { ...world.ports, store: { ...world.store, changeWaiting } },
    });

    expect(changed).toMatchObject({ status: 'changed' });
  });

  it('goes no faster than it may', async () => {
    const world = createOperateWorld();
    world.script.decide = refuses('MalformedDetail');
    await world.deliver({}, {}, {});
    const { store, ports, clock } = world;
    const rows = await collect(select(store, parked));
    const begun = clock.now();

    const pace = createPace(2, clock);
    await collect(changeEach(rows, redriveEntries(operator, [], ports), { store, pace }));

    expect(clock.now() - begun).toBe(1000);
  });
});

describe('what cannot be redriven', () => {
  const dueAt = 0;

  it.each([
    ['a row that is no valid entry', { state: 'parked' as const, dueAt }, 'only be discarded'],
    [
      'what is due later',
      { id: 'x', state: 'deferred' as const, dueAt },
      '1970-01-01T00:00:00.000Z',
    ],
    ['what is held', { id: 'x', state: 'held' as const, dueAt }, 'redrive that one'],
  ])('is %s, and it is said why', (_, row, why) => {
    expect(redriveBlocker(row)).toContain(why);
  });

  it('is nothing else', () => {
    expect(redriveBlocker({ id: 'x', state: 'parked', dueAt })).toBeUndefined();
    expect(redriveBlocker({ id: 'x', state: 'retrying', dueAt })).toBeUndefined();
  });

  it('stays as it was', async () => {
    const world = createOperateWorld();
    const held = aWaiting({ entry: anEntry({ sequence: 2 }), state: 'held' });
    await world.store.addWaiting([held]);

    const [changed] = await redriveAll(world, { states: ['held'] });

    expect(changed).toMatchObject({ status: 'refused' });
    expect(await world.store.readLine('order/42')).toEqual([held]);
  });
});
