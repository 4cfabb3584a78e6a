import { beforeEach, describe, expect, it } from 'vitest';

import { backdatedPrefix, backdatedToRow } from '../../lib/table/sweep-notes.ts';
import type { Entry } from '../../lib/table/entry.ts';
import { pageOf } from '../../lib/table/keys.ts';
import type { SweepStore } from '../../lib/table/stores.ts';
import { createSweeper, type SweeperHandler } from '../../lib/sweeper/sweeper.ts';
import { createSweepWorld, minute, start, type SweepWorld } from '../support/sweep-world.ts';
import {
  accepts,
  retentionMs,
  scripted,
  type Script,
  type ScriptedDestination,
} from '../support/world.ts';

describe('an event that is written long after its id was made, and that the stream loses', () => {
  const script: { decide: Script } = { decide: accepts };
  let bus: ScriptedDestination;
  let world: SweepWorld;
  let sweeper: SweeperHandler;
  beforeEach(() => {
    script.decide = accepts;
    bus = scripted(script);
    world = createSweepWorld([bus]);
    sweeper = createSweeper(world.ports);
  });
  const sweep = () => sweeper({ getRemainingTimeInMillis: () => minute });
  const notes = () => world.store.table.rows(backdatedPrefix);
  /** Writes an event whose id is of the beginning. */
  const writeLate = (): Entry => {
    const [entry] = world.commit(1, () => ({ id: world.newId(start) }));
    world.store.table.put(backdatedToRow(entry!.id, { writtenAt: world.clock.now(), retentionMs }));
    return entry!;
  };

  it('is delivered within minutes, and its note is gone', async () => {
    world.clock.advance(10 * minute);
    await sweep();
    const entry = writeLate();
    world.clock.advance(3 * minute);

    await sweep();

    expect(bus.arrived).toEqual([entry.id]);
    expect(notes()).toEqual([]);
  });

  it('is left to a relay that is about to reach it', async () => {
    world.clock.advance(10 * minute);
    await sweep();
    const writtenAt = world.clock.now();
    const entry = writeLate();
    world.clock.advance(3 * minute);
    await world.store.noteLag({ oldestAt: writtenAt - minute, notedAt: world.clock.now() });

    await sweep();
    expect(bus.arrived).toEqual([]);
    world.clock.advance(10 * minute);
    await sweep();

    expect(bus.arrived).toEqual([entry.id]);
  });

  it('has its note removed together with those of others', async () => {
    world.clock.advance(10 * minute);
    await sweep();
    for (let count = 0; count < 30; count++) writeLate();
    world.clock.advance(3 * minute);
    let underWay = 0;
    let most = 0;
    const store: SweepStore = {
      ...world.store,
      removeBackdated: async (note) => {
        most = Math.max(most, ++underWay);
        await new Promise(setImmediate);
        underWay -= 1;
        return world.store.removeBackdated(note);
      },
    };

    await createSweeper({ ...world.ports, store })({ getRemainingTimeInMillis: () => minute });

    expect(most).toBe(25);
    expect(notes()).toEqual([]);
  });

  it('keeps its note as long as no destination takes it', async () => {
    world.clock.advance(10 * minute);
    await sweep();
    writeLate();
    world.clock.advance(3 * minute);
    script.decide = () => {
      throw Object.assign(new Error('down'), { code: 'ECONNREFUSED' });
    };

    await sweep();

    expect(bus.arrived).toEqual([]);
    expect(notes()).toHaveLength(1);
  });

  it('is not delivered again where the relay was in time', async () => {
    world.clock.advance(10 * minute);
    await sweep();
    await world.relay([writeLate()]);
    world.clock.advance(3 * minute);

    await sweep();

    expect(bus.arrived).toHaveLength(1);
    expect(notes()).toEqual([]);
  });

  it('is delivered next to notes that name no event, which are removed', async () => {
    world.clock.advance(10 * minute);
    await sweep();
    const entry = writeLate();
    for (const pk of [`${backdatedPrefix}nonsense`, `${backdatedPrefix}${entry.id}x`]) {
      const note = backdatedToRow(entry.id, { writtenAt: world.clock.now(), retentionMs });
      world.store.table.put({ ...note, pk });
    }
    world.clock.advance(3 * minute);

    await sweep();

    expect(bus.arrived).toEqual([entry.id]);
    expect(notes()).toEqual([]);
  });

  it('is delivered though another page cannot be read', async () => {
    const store: SweepStore = {
      ...world.store,
      openPage: (page, shards) =>
        page === pageOf(start + 5 * minute)
          ? Promise.reject(new Error('the page failed'))
          : world.store.openPage(page, shards),
    };
    const failing = createSweeper({ ...world.ports, store });
    const sweepFailing = () => failing({ getRemainingTimeInMillis: () => minute });
    world.clock.advance(20 * minute);
    await expect(sweepFailing()).rejects.toThrow('the page failed');
    const entry = writeLate();
    world.clock.advance(3 * minute);

    await expect(sweepFailing()).rejects.toThrow('the page failed');

    expect(bus.arrived).toEqual([entry.id]);
  });

  it('is delivered though the page of an earlier note cannot be read', async () => {
    world.clock.advance(10 * minute);
    await sweep();
    const [unreadable] = world.commit(1, () => ({ id: world.newId(start + minute) }));
    const writtenAt = world.clock.now() - 1;
    world.store.table.put(backdatedToRow(unreadable!.id, { writtenAt, retentionMs }));
    const entry = writeLate();
    const store: SweepStore = {
      ...world.store,
      openPage: (page, shards) =>
        page === pageOf(start + minute)
          ? Promise.reject(new Error('the page failed'))
          : world.store.openPage(page, shards),
    };
    world.clock.advance(3 * minute);

    const sweeping = createSweeper({ ...world.ports, store })({
      getRemainingTimeInMillis: () => minute,
    });

    await expect(sweeping).rejects.toThrow('the page failed');
    expect(bus.arrived).toEqual([entry.id]);
    expect(notes()).toHaveLength(1);
  });
});
