import { describe, expect, it } from 'vitest';

import { pageOf } from '../../lib/table/keys.ts';
import { sweepPages } from '../../lib/sweeper/pages.ts';
import { createSweepWorld, hour, inSequence, minute, start } from '../support/sweep-world.ts';
import { accepts, refuses, retentionMs, scripted } from '../support/world.ts';

const day = 24 * hour;

describe('an outage that lasts as long as entries are kept', () => {
  const setUp = () => {
    const script = { decide: refuses('ThrottlingException') };
    const fifo = scripted(script, { kind: 'queue', ordered: true });
    const world = createSweepWorld([fifo]);
    const sweep = () => sweepPages('missed', world.ports, world.budget());
    return { script, fifo, world, sweep };
  };

  it('leaves entries in their pages until a day before these expire', async () => {
    const { world, sweep } = setUp();
    world.commit(3);
    world.clock.advance(retentionMs - day - minute);

    const result = await sweep();

    expect(result).toMatchObject({ found: 0, ended: 'outage' });
    expect(await world.listed('retrying')).toEqual([]);
  });

  it('moves them to the waiting room then, where nothing expires', async () => {
    const { world, sweep } = setUp();
    const expiring = world.commit(1_200, inSequence);
    world.clock.advance(minute);
    const [younger] = world.commit(1);
    world.clock.advance(retentionMs - day - minute);

    const result = await sweep();

    expect(result).toMatchObject({ found: expiring.length, ended: 'outage' });
    const rows = await Promise.all(expiring.map(world.waiting));
    expect(rows.filter((row) => row?.blocksLane !== true)).toEqual([]);
    expect(await world.waiting(younger!)).toBeUndefined();
    expect((await world.store.readWatermark('missed'))?.page).toBe(pageOf(start + minute));
  });

  it('delivers them as any others where somebody takes them', async () => {
    const { world, sweep, script, fifo } = setUp();
    const entries = world.commit(3);
    world.clock.advance(retentionMs - hour);
    script.decide = accepts;

    await sweep();

    expect(fifo.arrived.toSorted()).toEqual(entries.map(({ id }) => id));
    expect(await world.listed('retrying')).toEqual([]);
  });

  it.each([
    { what: 'in the waiting room', broken: 'addWaiting' as const },
    { what: 'at the receipt', broken: 'addReceipts' as const },
  ])(
    'says of no entry that it waits which does not, where the table fails $what',
    async ({ broken }) => {
      const { world } = setUp();
      const entries = world.commit(3, inSequence);
      world.clock.advance(retentionMs - hour);
      const fails = (given: readonly unknown[]): Promise<void> =>
        given.length === 0 ? Promise.resolve() : Promise.reject(new Error('the table failed'));
      const store = { ...world.store, [broken]: fails };

      await sweepPages('missed', { ...world.ports, store }, world.budget()).catch(() => undefined);

      const { receipts } = await world.store.readPage(pageOf(start));
      const said = receipts.flatMap(({ eventIds }) => eventIds);
      const rows = await Promise.all(entries.map(world.waiting));
      const waiting = entries.filter((_, index) => rows[index] !== undefined).map(({ id }) => id);
      expect(said.filter((id) => !waiting.includes(id))).toEqual([]);
      // The order that this rests on: rows first, then the receipt.
      expect(waiting).toHaveLength(broken === 'addReceipts' ? 3 : 0);
    },
  );
});
