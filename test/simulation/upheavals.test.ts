import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { entryToRow, type Entry } from '../../lib/table/entry.ts';
import { pageAfter, pageKey, pageOf } from '../../lib/table/keys.ts';
import { deliver } from '../../lib/delivery/deliver.ts';
import type { SweepPorts } from '../../lib/sweeper/ports.ts';
import { createSweeper } from '../../lib/sweeper/sweeper.ts';
import { createMemorySweepStore } from '../support/memory/sweep-store.ts';
import { createMemoryTable, type MemoryTable } from '../../lib/testing/memory-table.ts';
import { createVirtualClock, type VirtualClock } from '../../lib/testing/virtual-clock.ts';
import { hour, minute, start } from '../support/sweep-world.ts';
import {
  accepts,
  countingIds,
  entryOf,
  recordingLog,
  recordingMeter,
  retentionMs,
  scripted,
} from '../support/world.ts';

const day = 24 * hour;
const invocation = { getRemainingTimeInMillis: () => minute };

/** What outlives a deployment. */
function createWorld() {
  const clock = createVirtualClock(start);
  const table = createMemoryTable();
  const bus = scripted({ decide: accepts });
  const newId = countingIds();
  return { clock, table, bus, newId, deploy: deployer({ clock, table, bus, newId }) };
}

interface World {
  readonly clock: VirtualClock;
  readonly table: MemoryTable;
  readonly bus: ReturnType<typeof scripted>;
  readonly newId: ReturnType<typeof countingIds>;
}

/** A writer, a relay and a sweeper that were deployed with a number of shards, at the same table. */
function deployer({ clock, table, bus, newId }: World) {
  return (shards: number, createdAt = start) => {
    const store = createMemorySweepStore({ shards, table, clock: { now: () => createdAt } });
    const log = recordingLog();
    const ports: SweepPorts = {
      ...{ store, clock, newId, shards, retentionMs, log, destinations: [bus] },
      ...{ random: () => 0.5, meter: recordingMeter(), source: 'orders', maxAttempts: 5 },
    };
    const write = (over: Partial<Entry> = {}): Entry => {
      const entry = entryOf(newId(clock.now()), over);
      table.put(entryToRow(entry, { shards, retentionMs }));
      return entry;
    };
    return {
      log,
      store,
      ports,
      write,
      relay: (entries: readonly Entry[]) =>
        deliver({ entries, invalid: [] }, ports, { deadline: clock.now() + minute }),
      sweep: (over: Partial<SweepPorts> = {}) => createSweeper({ ...ports, ...over })(invocation),
    };
  };
}

function ids(entries: readonly Entry[]): string[] {
  return entries.map(({ id }) => id).toSorted();
}

describe('a table that had an outbox before', () => {
  it('is made up for as far back as entries are kept: what has no receipt is delivered, what has one is not', async () => {
    const { clock, table, bus, deploy } = createWorld();
    const before = deploy(8);
    before.write({ aggregate: 'order/expired' });
    clock.advance(5 * day);
    const delivered = Array.from({ length: 20 }, (_, n) =>
      before.write({ aggregate: `order/${n}` }),
    );
    await before.relay(delivered);
    const missed = Array.from({ length: 20 }, (_, n) => before.write({ aggregate: `order/${n}` }));
    table.put({ pk: pageKey(pageOf(clock.now()), 7), sk: 'e#nonsense', hello: 'world' });
    clock.advance(10 * day);
    bus.arrived.length = 0;

    const { sweep, store } = deploy(8);
    await sweep();
    await sweep();

    expect(bus.arrived.toSorted()).toEqual(ids(missed));
    expect(await store.countWaiting('parked')).toBe(1);
    expect((await store.readWatermark('missed'))?.page).toBe(pageOf(clock.now() - 2 * minute));
  });
});

describe('a sweeper that comes back after five days', () => {
  it('delivers each entry of them once, in the order of their pages, in as many runs as it takes', async () => {
    const { clock, bus, deploy } = createWorld();
    const { write, sweep, store } = deploy(2);
    await sweep();
    const written: Entry[] = [];
    for (let hours = 0; hours < 5 * 24; hours++) {
      written.push(write(), write());
      clock.advance(hour);
    }
    const slow: typeof store = {
      ...store,
      openPage: (page, shards) => {
        clock.advance(20);
        return store.openPage(page, shards);
      },
    };

    const reports = [];
    do reports.push(await sweep({ store: slow }));
    while (reports.at(-1)?.ended === 'out of time');

    expect(bus.arrived).toEqual(written.map(({ id }) => id));
    expect(reports.length).toBeGreaterThan(2);
    const [first, second] = reports.map(({ unsettledMs }) => unsettledMs);
    expect(second).toBeLessThan(first!);
    expect(reports.at(-1)).toMatchObject({ ended: 'done', unsettledMs: 0 });
  });
});

/** A deployment, and what happens while it lasts. */
interface Act {
  readonly shards: number;
  /** Entries that the relay delivers, and such as it leaves behind. */
  readonly relayed: number;
  readonly missed: number;
  readonly sweeps: readonly boolean[];
}

const acts: fc.Arbitrary<Act[]> = fc.array(
  fc.record({
    shards: fc.integer({ min: 1, max: 9 }),
    relayed: fc.integer({ min: 0, max: 6 }),
    missed: fc.integer({ min: 0, max: 6 }),
    // Minutes, and whether the sweeper runs in each of them.
    sweeps: fc.array(fc.boolean(), { maxLength: 4 }),
  }),
  { minLength: 2, maxLength: 6 },
);

describe('a number of shards that is raised and lowered while entries are on their way', () => {
  it('keeps no entry from being delivered, and hides no receipt: each arrives once', async () => {
    await fc.assert(
      fc.asyncProperty(acts, async (history) => {
        const { clock, bus, deploy } = createWorld();
        const written: Entry[] = [];
        for (const { shards, relayed, missed, sweeps } of history) {
          const deployment = deploy(shards);
          await deployment.sweep();
          const aggregates = Array.from({ length: relayed + missed }, (_, n) => `order/${n}`);
          const entries = aggregates.map((aggregate) => deployment.write({ aggregate }));
          await deployment.relay(entries.slice(0, relayed));
          written.push(...entries);
          for (const runs of sweeps) {
            clock.advance(minute);
            if (runs) await deployment.sweep();
          }
        }
        const last = deploy(history.at(-1)?.shards ?? 1);
        clock.advance(3 * minute);
        await last.sweep();
        clock.advance(26 * hour);
        await last.sweep();

        expect(bus.arrived.toSorted()).toEqual(ids(written));
      }),
      { numRuns: 30 },
    );
  });

  it('delivers at once what was written with more of them before the sweeper knew, and closes its pages', async () => {
    const { clock, bus, deploy } = createWorld();
    const [few, many] = [deploy(2), deploy(9)];
    await few.store.advanceWatermark('closing', pageAfter(pageOf(clock.now()), -20 * 60), 2);
    await few.sweep();
    const written = Array.from({ length: 20 }, (_, n) => many.write({ aggregate: `order/${n}` }));
    clock.advance(5 * minute);
    await few.sweep();
    const early = bus.arrived.length;

    await many.sweep();
    expect(early).toBeLessThan(written.length);
    expect(bus.arrived.toSorted()).toEqual(ids(written));
    clock.advance(26 * hour);
    await many.sweep();

    expect(bus.arrived).toHaveLength(written.length);
    expect((await many.store.readWatermark('closing'))?.page).toBe(
      pageAfter(pageOf(clock.now()), -25 * 60),
    );
  });
});
