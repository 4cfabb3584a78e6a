import { beforeEach, describe, expect, it } from 'vitest';

import { pageAfter, pageOf } from '../../lib/table/keys.ts';
import { outboxGauges } from '../../lib/core/metrics.ts';
import type { DestinationAdapter } from '../../lib/delivery/destination.ts';
import { deliver } from '../../lib/delivery/deliver.ts';
import type { SweepStore } from '../../lib/table/stores.ts';
import { createSweeper } from '../../lib/sweeper/sweeper.ts';
import {
  createSweepWorld,
  hour,
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
  shards,
  type Script,
  type ScriptedDestination,
} from '../support/world.ts';

describe('the sweeper', () => {
  const script: { decide: Script } = { decide: accepts };
  let bus: ScriptedDestination;
  let world: SweepWorld;
  beforeEach(() => {
    script.decide = accepts;
    bus = scripted(script);
    world = createSweepWorld([bus]);
  });
  const sweep = (over: Partial<SweepWorld['ports']> = {}, lastsMs = minute) =>
    createSweeper({ ...world.ports, ...over })({ getRemainingTimeInMillis: () => lastsMs });
  const gauge = (name: keyof typeof outboxGauges) => world.meter.counts.get(outboxGauges[name]);
  const failing = (method: keyof SweepStore): SweepStore => ({
    ...world.store,
    [method]: () => Promise.reject(new Error(`no ${method}`)),
  });

  it('delivers what is due, what the relay missed, and what came late, and says so', async () => {
    await world.store.advanceWatermark('closing', pageOf(start - 24 * hour), 4);
    const [goes, due] = world.commit(2);
    script.decide = refusing([due?.id]);
    await world.relay([goes!, due!]);
    script.decide = accepts;
    await sweep();
    world.clock.advance(3 * minute);
    await sweep();
    bus.arrived.length = 0;
    world.clock.advance(25 * hour);
    const late = [entryOf(world.newId(start)), entryOf(world.newId(start))];
    late.forEach((entry) => world.commit(1, () => entry));
    const [missed] = world.commit(1);
    world.clock.advance(3 * minute);

    const report = await sweep();

    expect(report).toMatchObject({
      startedAt: world.clock.now(),
      due: 0,
      missed: 1,
      closing: 2,
      unsettledMs: 0,
      parked: 0,
      ended: 'done',
    });
    expect(new Set(bus.arrived)).toEqual(new Set([missed, ...late].map((entry) => entry!.id)));
    expect(await world.store.readSweeps(1)).toEqual([report]);
  });

  it('looks in all the shards that were ever in use', async () => {
    await sweep({ shards: 64 });
    const asked: number[] = [];
    const store: SweepStore = {
      ...world.store,
      openPage: (page, number) => {
        asked.push(number);
        return world.store.openPage(page, number);
      },
    };
    world.clock.advance(10 * minute);

    await sweep({ store, shards });

    expect(new Set(asked)).toEqual(new Set([64]));
  });

  describe('measures', () => {
    it('zero where all is well', async () => {
      world.commit(1);
      world.clock.advance(3 * minute);

      await sweep();

      expect(gauge('oldestUnsettled')).toBe(0);
      expect(gauge('parked')).toBe(0);
    });

    it('how old the oldest page is that may hold unsettled entries', async () => {
      world.commit(1);
      world.clock.advance(hour);
      script.decide = refuses('ThrottlingException');

      const report = await sweep();

      expect(report).toMatchObject({ ended: 'outage' });
      expect(report.unsettledMs).toBeGreaterThanOrEqual(hour);
      expect(report.unsettledMs).toBeLessThan(hour + minute);
      expect(gauge('oldestUnsettled')).toBe(report.unsettledMs);
    });

    it('counts as unsettled what it leaves to a relay that is behind', async () => {
      world.clock.advance(2 * hour);
      await world.store.advanceWatermark('missed', pageOf(start), 4);
      await world.store.noteLag({ oldestAt: start, notedAt: world.clock.now() });

      await sweep();

      expect(gauge('oldestUnsettled')).toBe(2 * hour);
    });

    it('how long an entry has been tried, where one of its destinations is down for hours', async () => {
      const queue = scripted({ decide: refuses('ThrottlingException') }, { name: 'queue' });
      const both = { destinations: [bus, queue] };
      const [entry] = world.commit(1);
      await deliver(
        { entries: [entry!], invalid: [] },
        { ...world.ports, ...both },
        { deadline: Infinity },
      );
      world.clock.advance(2 * hour - minute);
      await sweep(both);
      expect(gauge('oldestUnsettled')).toBe(0);
      world.clock.advance(minute);

      await sweep(both);

      expect(gauge('oldestUnsettled')).toBeGreaterThanOrEqual(2 * hour);
    });

    it('how many entries need a person', async () => {
      const [goes, ...bad] = world.commit(4);
      script.decide = (one) =>
        one.entry.id === goes?.id ? accepts(one) : refuses('MalformedDetail')(one);
      await world.relay([goes!, ...bad]);

      const report = await sweep();

      expect(report.parked).toBe(3);
      expect(gauge('parked')).toBe(3);
    });
  });

  describe('where one of its passes fails', () => {
    it.each([
      { pass: 'due', method: 'claimWaiting' as const },
      { pass: 'missed and closing', method: 'openPage' as const },
    ])('does the others, and throws in the end: $pass', async ({ method }) => {
      const [entry] = world.commit(1);
      await world.store.addWaiting([
        {
          entry: entryOf(world.newId(start)),
          state: 'retrying',
          dueAt: start,
          attempts: 1,
          blocksLane: false,
        },
      ]);
      world.clock.advance(3 * minute);
      const store = failing(method);

      await expect(sweep({ store })).rejects.toThrow(`no ${method}`);

      expect(bus.arrived).toHaveLength(1);
      expect(bus.arrived.includes(entry!.id)).toBe(method === 'claimWaiting');
      expect((await world.store.readSweeps(1))[0]).toMatchObject({ ended: 'failed' });
      expect(world.log.lines).toContainEqual(
        expect.objectContaining({ level: 'error', message: 'a pass of the sweeper failed' }),
      );
    });
  });

  describe('divides its time', () => {
    /** Takes a second for each call. */
    const slow = (): DestinationAdapter => ({
      ...bus,
      maxEntriesPerCall: 1,
      send: (outgoing, options) => {
        world.clock.advance(1_000);
        return bus.send(outgoing, options);
      },
    });

    it('so that what is due keeps it from no page', async () => {
      const rows = Array.from({ length: 300 }, () => entryOf(world.newId(start)));
      await world.store.addWaiting(
        rows.map((entry) => ({
          entry,
          state: 'retrying',
          dueAt: start,
          attempts: 1,
          blocksLane: false,
        })),
      );
      world.commit(1);
      world.clock.advance(3 * minute);

      const report = await sweep({ destinations: [slow()] }, 5 * minute);

      expect(report).toMatchObject({ missed: 1, ended: 'out of time' });
    });

    it('and keeps some of it for what is under way at the end', async () => {
      world.commit(1_000);
      world.clock.advance(3 * minute);

      const report = await sweep({ destinations: [slow()] }, 2 * minute);

      const tookMs = report.endedAt - report.startedAt;
      expect(tookMs).toBeLessThan(105_000);
      expect(tookMs).toBeGreaterThan(60_000);
    });

    it('also where it has very little', async () => {
      const [entry] = world.commit(1);
      world.clock.advance(3 * minute);

      await sweep({}, 8_000);

      expect(bus.arrived).toEqual([entry!.id]);
    });

    it('and does not give away what it took before its end', async () => {
      world.commit(1);
      world.clock.advance(3 * minute);
      let until = 0;
      const store: SweepStore = {
        ...world.store,
        leasePage: (lease) => {
          until = lease.until;
          return world.store.leasePage(lease);
        },
      };
      const startedAt = world.clock.now();

      await sweep({ store }, 2 * minute);

      expect(until).toBe(startedAt + 2 * minute);
    });
  });

  it('leaves where it came to for the next', async () => {
    world.clock.advance(hour);

    await sweep();

    expect((await world.store.readWatermark('missed'))?.page).toBe(
      pageAfter(pageOf(world.clock.now()), -2),
    );
  });
});
