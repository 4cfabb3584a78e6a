import { beforeEach, describe, expect, it } from 'vitest';

import type { Entry } from '../../lib/table/entry.ts';
import { pageOf } from '../../lib/table/keys.ts';
import type { Waiting } from '../../lib/table/waiting.ts';
import { sweepDue } from '../../lib/sweeper/due.ts';
import {
  createSweepWorld,
  hour,
  refusing,
  start,
  type SweepWorld,
} from '../support/sweep-world.ts';
import {
  accepts,
  entryOf,
  retentionMs,
  scripted,
  type Script,
  type ScriptedDestination,
} from '../support/world.ts';

describe('the due pass with deferred events', () => {
  const script: { decide: Script } = { decide: accepts };
  let bus: ScriptedDestination;
  let world: SweepWorld;
  beforeEach(() => {
    script.decide = accepts;
    bus = scripted(script);
    world = createSweepWorld([bus]);
  });
  const sweep = () => sweepDue(world.ports, world.budget());
  const deferred = async (over: Partial<Waiting> = {}): Promise<Entry> => {
    const entry = entryOf(world.newId(start), { aggregate: 'order/7' });
    const row: Waiting = {
      entry,
      state: 'deferred',
      dueAt: start + hour,
      attempts: 0,
      blocksLane: false,
      ...over,
    };
    await world.store.addWaiting([row]);
    return entry;
  };

  it('delivers each when its time has come, and then its page has it', async () => {
    const entry = await deferred();
    world.clock.advance(hour - 1);
    await sweep();
    expect(bus.arrived).toEqual([]);
    world.clock.advance(1);

    await sweep();

    expect(bus.arrived).toEqual([entry.id]);
    const page = await world.store.readPage(pageOf(start));
    expect(page.entries).toEqual([entry]);
    expect(page.receipts).toMatchObject([{ outcome: 'published', eventIds: [entry.id] }]);
  });

  it('has it in its page too where it took more than one attempt', async () => {
    const entry = await deferred();
    const other = await deferred();
    script.decide = refusing([entry.id]);
    world.clock.advance(hour);
    await sweep();
    expect(await world.waiting(entry)).toMatchObject({ state: 'retrying', attempts: 1 });
    script.decide = accepts;
    world.clock.advance(hour);

    await sweep();

    const { entries } = await world.store.readPage(pageOf(start));
    expect(entries.map(({ id }) => id)).toEqual([entry.id, other.id]);
  });

  it('keeps it as long as what is written today, however long ago it was deferred', async () => {
    const entry = await deferred({ dueAt: start + 3 * retentionMs });
    world.clock.advance(3 * retentionMs);

    await sweep();

    const rows = world.store.table.rows().filter(({ pk }) => String(pk).startsWith(pageOf(start)));
    expect(rows.map(({ sk }) => String(sk).slice(0, 2)).toSorted()).toEqual(['d#', 'r#']);
    expect(rows.find(({ sk }) => sk === `d#${entry.id}`)).toBeDefined();
    const keptUntil = (world.clock.now() + retentionMs) / 1000;
    expect(rows.map(({ expiresAt }) => expiresAt)).toEqual([keptUntil, keptUntil]);
  });
});
