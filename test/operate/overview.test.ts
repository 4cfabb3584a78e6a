import { describe, expect, it } from 'vitest';

import { pageAfter, pageOf } from '../../lib/table/keys.ts';
import { findInFlight, lookOver } from '../../lib/operate/overview.ts';
import { lagFreshMs } from '../../lib/table/page-times.ts';
import { aWaiting, anEntry, somePage, someTime } from '../support/entries.ts';
import { refuses } from '../support/world.ts';
import { createOperateWorld, minute, shards } from './support.ts';

describe('what is in flight', () => {
  it('is what has no receipt, from the watermark on', async () => {
    const { store, clock, write, deliver } = createOperateWorld();
    await write();
    clock.advance(minute);
    await deliver({}, {});
    await write();
    await store.advanceWatermark('missed', pageAfter(somePage, 1), 4);

    const inFlight = await findInFlight(store, { now: clock.now(), shards });

    expect(inFlight).toMatchObject({ entries: 1, oldestPage: pageAfter(somePage, 1) });
  });

  it('includes rows that are no valid entries', async () => {
    const { store, clock } = createOperateWorld();
    store.table.put({ pk: `${somePage}#00`, sk: 'e#nonsense' });

    const inFlight = await findInFlight(store, { now: clock.now(), shards });

    expect(inFlight).toMatchObject({ entries: 1, oldestPage: somePage });
  });

  it('is nothing where all is settled', async () => {
    const { store, clock, deliver } = createOperateWorld();
    await deliver({}, {});

    const inFlight = await findInFlight(store, { now: clock.now(), shards });

    expect(inFlight).toMatchObject({ entries: 0, pagesLeftOut: 0 });
    expect(inFlight).not.toHaveProperty('oldestPage');
  });

  it('reads the oldest and the newest pages of very many, and says how many it left out', async () => {
    const { store, clock, write } = createOperateWorld();
    await write();
    await store.advanceWatermark('missed', pageOf(someTime), 4);
    clock.advance(1000 * minute);
    await write();

    const inFlight = await findInFlight(store, { now: clock.now(), shards });

    expect(inFlight).toMatchObject({ entries: 2, oldestPage: pageOf(someTime), pagesRead: 125 });
    expect(inFlight.pagesLeftOut).toBe(1001 - 125);
  });
});

describe('the overview', () => {
  it('counts the waiting room and says since when something is parked', async () => {
    const world = createOperateWorld();
    world.script.decide = refuses('MalformedDetail');
    await world.deliver({});
    const parkedAt = world.clock.now();
    world.clock.advance(1000);
    await world.deliver({});
    await world.store.addWaiting([aWaiting({ entry: anEntry(), state: 'deferred' })]);

    const { waiting, parkedSince } = await lookOver(world.store, {
      now: world.clock.now(),
      shards,
    });

    expect(waiting).toEqual({ deferred: 1, retrying: 0, held: 0, parked: 2, discarding: 0 });
    expect(parkedSince).toBe(parkedAt);
  });

  it('has the last sweeps and the lag, where there are such', async () => {
    const world = createOperateWorld();
    const empty = await lookOver(world.store, { now: world.clock.now(), shards });
    await world.sweep();
    const lag = { oldestAt: someTime - minute, notedAt: someTime };
    await world.store.noteLag(lag);

    const overview = await lookOver(world.store, { now: world.clock.now(), shards });

    expect(empty).toMatchObject({ sweeps: [] });
    expect(empty).not.toHaveProperty('lag');
    expect(overview).toMatchObject({ sweeps: [{ ended: 'done' }], lag });
  });

  it('takes an old lag for none: who does not say so any more is dead, or up to date', async () => {
    const { store, clock } = createOperateWorld();
    await store.noteLag({ oldestAt: someTime - minute, notedAt: someTime });
    clock.advance(lagFreshMs + 1);

    expect(await lookOver(store, { now: clock.now(), shards })).not.toHaveProperty('lag');
  });
});
