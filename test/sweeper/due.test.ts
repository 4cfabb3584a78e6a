import { beforeEach, describe, expect, it } from 'vitest';

import type { Entry } from '../../lib/table/entry.ts';
import { pageOf, timeOfId } from '../../lib/table/keys.ts';
import { keyOfWaiting, waitingIndexKey, type Waiting } from '../../lib/table/waiting.ts';
import type { DestinationAdapter } from '../../lib/delivery/destination.ts';
import { watchAcceptance } from '../../lib/delivery/relay-notes.ts';
import { unavailableForMs } from '../../lib/delivery/fate.ts';
import { sweepDue } from '../../lib/sweeper/due.ts';
import { Death, mortal } from '../support/mortal.ts';
import {
  createSweepWorld,
  hour,
  maxAttempts,
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

function onlyDeath(error: unknown): void {
  if (!(error instanceof Death)) throw error;
}

const down: Script = () => {
  throw Object.assign(new Error('down'), { code: 'ECONNREFUSED' });
};

describe('the due pass', () => {
  const script: { decide: Script } = { decide: accepts };
  let bus: ScriptedDestination;
  let world: SweepWorld;
  beforeEach(() => {
    script.decide = accepts;
    bus = scripted(script);
    world = createSweepWorld([bus]);
  });
  const sweep = () => sweepDue(world.ports, world.budget());
  const receipts = async (entry: Entry) => {
    const { receipts } = await world.store.readPage(pageOf(timeOfId(entry.id)));
    return receipts.filter(({ eventIds }) => eventIds.includes(entry.id));
  };
  /** Entries that failed once at the relay. */
  const failedOnce = async (count: number): Promise<Entry[]> => {
    // One that goes shows that the destination works.
    const [goes, ...fail] = world.commit(count + 1);
    script.decide = (one) => (one.entry.id === goes?.id ? accepts(one) : refuses('Novelty')(one));
    await world.relay([goes!, ...fail]);
    script.decide = accepts;
    bus.arrived.length = 0;
    return fail;
  };

  it('delivers what is due, and leaves a receipt instead of the row', async () => {
    const [entry] = await failedOnce(1);
    world.clock.advance(2 * minute);

    const result = await sweep();

    expect(result).toEqual({ found: 1, pages: 0, ended: 'done' });
    expect(bus.arrived).toEqual([entry!.id]);
    expect(await world.waiting(entry!)).toBeUndefined();
    const outcomes = (await receipts(entry!)).map(({ outcome }) => outcome);
    expect(outcomes.toSorted()).toEqual(['published', 'waiting']);
    expect(world.meter.counts.get('EntriesPublished')).toBe(2);
  });

  it('leaves what is not due, and what is parked', async () => {
    const [later, parked] = await failedOnce(2);
    await world.change(parked!, { state: 'parked' });
    await world.change(later!, { dueAt: start + 10 * minute });
    world.clock.advance(5 * minute);

    expect(await sweep()).toMatchObject({ found: 0 });
    expect(bus.arrived).toEqual([]);
  });

  it('waits longer after each attempt, then parks the entry with its last error', async () => {
    const [entry] = await failedOnce(1);
    const { firstTriedAt } = (await world.waiting(entry!)) ?? {};
    script.decide = refusing([entry?.id]);
    const waits: number[] = [];
    while ((await world.waiting(entry!))?.state === 'retrying') {
      const { dueAt = 0 } = (await world.waiting(entry!)) ?? {};
      waits.push(dueAt - world.clock.now());
      world.clock.advance(dueAt - world.clock.now());
      await sweep();
    }

    expect(waits).toEqual(waits.toSorted((a, b) => a - b));
    expect(waits).toHaveLength(maxAttempts - 1);
    expect(await world.waiting(entry!)).toMatchObject({
      state: 'parked',
      attempts: maxAttempts,
      firstTriedAt,
      error: { code: 'Novelty' },
    });
    expect(world.meter.counts.get('EntriesParked')).toBe(1);
  });

  it('parks at once what can never go', async () => {
    const [entry] = await failedOnce(1);
    script.decide = refusing([entry?.id], 'MalformedDetail');
    world.clock.advance(2 * minute);

    await sweep();

    expect(await world.waiting(entry!)).toMatchObject({ state: 'parked', attempts: 2 });
  });

  it('counts an attempt before it is made', async () => {
    const [entry] = await failedOnce(1);
    world.clock.advance(2 * minute);
    let seen: Waiting | undefined;
    const spy: DestinationAdapter = {
      ...bus,
      send: async (outgoing, options) => {
        seen = await world.waiting(entry!);
        return bus.send(outgoing, options);
      },
    };

    await sweepDue({ ...world.ports, destinations: [spy] }, world.budget());

    expect(seen).toMatchObject({ state: 'retrying', attempts: 2, unfinishedAttempts: 1 });
  });

  it('sends only to the destinations that lack it', async () => {
    const queue = scripted({ decide: refuses('Novelty') }, { name: 'queue', kind: 'queue' });
    world = createSweepWorld([bus, queue]);
    const [entry] = world.commit(1);
    await world.relay([entry!]);
    world.clock.advance(2 * minute);
    const repaired = scripted({ decide: accepts }, { name: 'queue', kind: 'queue' });

    await sweepDue({ ...world.ports, destinations: [bus, repaired] }, world.budget());

    expect(bus.arrived).toEqual([entry!.id]);
    expect(repaired.arrived).toEqual([entry!.id]);
    expect(await world.waiting(entry!)).toBeUndefined();
  });

  it('parks what waits for a destination that is gone', async () => {
    const queue = scripted({ decide: refuses('Novelty') }, { name: 'queue', kind: 'queue' });
    world = createSweepWorld([bus, queue]);
    const [entry] = world.commit(1);
    await world.relay([entry!]);
    world.clock.advance(2 * minute);

    await sweepDue({ ...world.ports, destinations: [bus] }, world.budget());

    expect(await world.waiting(entry!)).toMatchObject({
      state: 'parked',
      missing: ['queue'],
      error: { code: 'NO_DESTINATION' },
    });
  });

  it('publishes what lacks a destination that is gone, once those that are left have it', async () => {
    const both = [
      scripted({ decide: refuses('One') }, { name: 'one' }),
      scripted({ decide: refuses('Two') }, { name: 'two' }),
    ];
    world = createSweepWorld([...both, bus]);
    const [entry] = world.commit(1);
    await world.relay([entry!]);
    expect(await world.waiting(entry!)).toMatchObject({ missing: ['one', 'two'] });
    world.clock.advance(2 * minute);
    const repaired = scripted({ decide: accepts }, { name: 'one' });

    await sweepDue({ ...world.ports, destinations: [repaired, bus] }, world.budget());

    expect(await world.waiting(entry!)).toBeUndefined();
  });

  describe('in an outage', () => {
    it('counts no attempt, and lets the rows wait longer and longer', async () => {
      const [entry] = await failedOnce(1);
      script.decide = down;
      const waits: number[] = [];
      for (let runs = 0; runs < 8; runs++) {
        const { dueAt = 0 } = (await world.waiting(entry!)) ?? {};
        world.clock.advance(dueAt - world.clock.now());
        await sweep();
        const row = await world.waiting(entry!);
        waits.push((row?.dueAt ?? 0) - world.clock.now());
        expect(row).toMatchObject({ state: 'retrying', attempts: 1 });
      }

      expect(waits).toEqual(waits.toSorted((a, b) => a - b));
      expect(waits.at(-1)).toBeGreaterThan(20 * minute);
    });

    it('parks after a day what nobody could take', async () => {
      const [entry] = await failedOnce(1);
      script.decide = down;
      world.clock.advance(unavailableForMs + hour);

      await sweep();

      expect(await world.waiting(entry!)).toMatchObject({ state: 'parked', attempts: 1 });
    });

    it('of one destination keeps no entry from another', async () => {
      const downQueue = scripted(
        { decide: down },
        { name: 'queue', kind: 'queue', maxEntriesPerCall: 1 },
      );
      world = createSweepWorld([bus, downQueue]);
      const stuck = world.commit(250, () => ({ type: 'order.placed' }));
      await world.relay(stuck);
      const deferred = entryOf(world.newId(start), { aggregate: 'order/x' });
      await world.store.addWaiting([
        {
          entry: deferred,
          state: 'deferred',
          dueAt: start + minute,
          attempts: 0,
          blocksLane: false,
          missing: ['bus'],
        },
      ]);
      world.clock.advance(2 * hour);

      await sweep();

      expect(bus.arrived).toContain(deferred.id);
      expect(await world.waiting(deferred)).toBeUndefined();
    });
  });

  describe('where time is short', () => {
    it('stops, and leaves what it did not get to as it was', async () => {
      const entries = await failedOnce(250);
      world.clock.advance(2 * minute);
      const slow: DestinationAdapter = {
        ...bus,
        send: (outgoing, options) => {
          world.clock.advance(1_000);
          return bus.send(outgoing, options);
        },
      };

      const result = await sweepDue({ ...world.ports, destinations: [slow] }, world.budget(15_000));

      expect(result.ended).toBe('out of time');
      const rows = await Promise.all(entries.map((entry) => world.waiting(entry)));
      const left = rows.filter((row) => row !== undefined);
      expect(left.length).toBeGreaterThan(50);
      expect(
        left.every(
          ({ attempts, state, unfinishedAttempts: unfinishedAttempts = 0 }) =>
            attempts === 1 && state === 'retrying' && unfinishedAttempts === 0,
        ),
      ).toBe(true);
      await sweepDue(world.ports, world.budget());
      expect(new Set(bus.arrived).size).toBe(250);
      expect(bus.arrived).toHaveLength(250);
    });

    it('parks nothing for lack of time, however long it has waited', async () => {
      const [entry] = await failedOnce(1);
      world.clock.advance(unavailableForMs + hour);
      const slow: DestinationAdapter = {
        ...bus,
        send: () => Promise.reject(new Error('never called')),
      };
      const budget = world.budget(1);
      const watched = {
        ...world.ports,
        destinations: [slow],
        store: {
          ...world.store,
          claimWaiting: (...args: Parameters<typeof world.store.claimWaiting>) => {
            world.clock.advance(10);
            return world.store.claimWaiting(...args);
          },
        },
      };

      await sweepDue(watched, budget);

      expect(await world.waiting(entry!)).toMatchObject({
        state: 'retrying',
        attempts: 1,
        dueAt: world.clock.now(),
      });
    });
  });

  describe('with nonsense in the waiting room', () => {
    it('parks a row that is no entry, should anyone have redriven it, and goes on', async () => {
      const [entry] = await failedOnce(1);
      const invalid = { key: { pk: '2026-11-21T04:37#00', sk: 'e#nonsense' }, json: '{}' };
      const error = { code: 'ENTRY_INVALID', message: 'missing: type' };
      await world.store.addWaiting([
        { entry: invalid, state: 'retrying', dueAt: start, attempts: 0, blocksLane: false, error },
      ]);
      world.clock.advance(2 * minute);

      await sweep();

      expect(await world.store.getWaiting(keyOfWaiting(invalid))).toMatchObject({
        state: 'parked',
        attempts: 0,
        error,
      });
      expect(bus.arrived).toEqual([entry!.id]);
    });

    it('parks a row that somebody made up, and goes on', async () => {
      const [entry] = await failedOnce(1);
      const key = { pk: 'w#made up', sk: 'x' };
      const index = { waitingKey: waitingIndexKey(key, 'retrying'), dueAt: start };
      world.store.table.put({ ...key, ...index, attempts: 'some' });
      world.clock.advance(2 * minute);

      await sweep();

      expect(await world.store.getWaiting(key)).toMatchObject({
        entry: { json: expect.stringContaining('made up') as string },
        state: 'parked',
        attempts: 0,
        error: { code: 'ENTRY_INVALID' },
      });
      expect(bus.arrived).toEqual([entry!.id]);
    });

    it('parks an entry that somebody spoilt, and says what is wrong with it', async () => {
      const [good, bad] = await failedOnce(2);
      const row = await world.waiting(bad!);
      await world.store.changeWaiting(row!, { ...row!, entry: { ...bad!, data: 'no JSON' } });
      world.clock.advance(2 * minute);

      await sweep();

      expect(await world.waiting(bad!)).toMatchObject({
        state: 'parked',
        error: { code: 'ENTRY_INVALID', message: 'missing or malformed: data' },
      });
      expect(bus.arrived).toEqual([good!.id]);
    });
  });

  describe('with an entry that kills its sweepers', () => {
    it('parks it after the last attempt, and costs no other one an attempt more than once', async () => {
      const entries = await failedOnce(4);
      const [, killer] = entries;
      const killers = new Set([killer!.id]);
      for (let runs = 0; runs < 8; runs++) {
        world.clock.advance(2 * minute);
        const { store, destinations } = mortal(world.ports, { killers });
        await sweepDue({ ...world.ports, store, destinations }, world.budget()).catch(onlyDeath);
      }

      expect(await world.waiting(killer!)).toMatchObject({
        state: 'parked',
        error: { code: 'ATTEMPTS_UNANSWERED' },
      });
      const innocent = entries.filter((entry) => entry !== killer);
      expect(bus.arrived.toSorted()).toEqual(innocent.map(({ id }) => id).toSorted());
    });
  });

  describe('with entries that were given up', () => {
    it('delivers a skip notice in their place, and says that they were discarded, and who did it', async () => {
      const notices: string[] = [];
      const spy: DestinationAdapter = {
        ...bus,
        send: (outgoing, options) => {
          notices.push(
            ...outgoing.filter(({ skipped }) => skipped === true).map(({ json }) => json),
          );
          return bus.send(outgoing, options);
        },
      };
      const [given, other] = await failedOnce(2);
      const giveUp = { id: 'note-1', at: start, by: 'ada', reason: 'wrong amount' };
      await world.change(given!, { discard: giveUp });
      world.clock.advance(2 * minute);

      await sweepDue({ ...world.ports, destinations: [spy] }, world.budget());

      expect(notices).toHaveLength(1);
      expect(JSON.parse(notices[0]!)).toMatchObject({ id: given!.id, skipped: true });
      expect(notices[0]).not.toContain('data"');
      expect((await receipts(given!)).map(({ outcome }) => outcome)).toContain('discarded');
      expect((await receipts(other!)).map(({ outcome }) => outcome)).toContain('published');
      expect(await world.store.readAudit({ eventId: given!.id })).toEqual([
        { ...giveUp, action: 'discard', eventId: given!.id, aggregate: given!.aggregate },
      ]);
    });

    it('tells nobody where nobody wants them any more', async () => {
      const [given] = await failedOnce(1);
      await world.change(given!, {
        discard: { id: 'note-1', at: start, by: 'ada', reason: 'gone' },
      });
      world.clock.advance(2 * minute);

      await sweepDue(
        { ...world.ports, destinations: [{ ...bus, types: ['other'] }] },
        world.budget(),
      );

      expect(await world.waiting(given!)).toBeUndefined();
      expect((await receipts(given!)).map(({ outcome }) => outcome)).toContain('discarded');
    });
  });

  it('counts no attempt in an outage that begins right after a destination took an entry', async () => {
    const [goes, ...waiting] = await failedOnce(20);
    const watched = watchAcceptance([bus], world.ports);
    const ports = { ...world.ports, ...watched };
    world.clock.advance(5 * minute);
    script.decide = refusing(waiting.map(({ id }) => id));
    await sweepDue(ports, world.budget());
    const before = await Promise.all(waiting.map(world.waiting));
    world.clock.advance(minute);
    script.decide = down;
    await Promise.all(waiting.map((entry) => world.change(entry, { dueAt: world.clock.now() })));

    await sweepDue(ports, world.budget());

    expect(bus.arrived).toEqual([goes!.id]);
    const after = await Promise.all(waiting.map(world.waiting));
    expect(after.map((row) => row?.attempts)).toEqual(before.map((row) => row?.attempts));
  });

  describe('where a call to the table fails for one row', () => {
    const failing = (method: 'claimWaiting' | 'changeWaiting' | 'removeWaiting', id: string) => {
      const call = world.store[method].bind(world.store) as (...args: unknown[]) => Promise<never>;
      const store = {
        ...world.store,
        [method]: (...args: unknown[]) =>
          JSON.stringify(args[0]).includes(id)
            ? Promise.reject(new Error('the table failed'))
            : call(...args),
      };
      return () => sweepDue({ ...world.ports, store }, world.budget());
    };

    it.each(['claimWaiting', 'removeWaiting'] as const)(
      'settles all others, each once, and throws in the end: %s',
      async (method) => {
        const entries = await failedOnce(60);
        world.clock.advance(5 * minute);
        const [bad, ...others] = entries;
        const sweep = failing(method, bad!.id);

        await expect(sweep()).rejects.toThrow('the table failed');
        world.clock.advance(5 * minute);
        await expect(sweep()).rejects.toThrow('the table failed');

        const ids = others.map(({ id }) => id);
        expect(bus.arrived.filter((id) => id !== bad!.id).toSorted()).toEqual(ids.toSorted());
        expect(await world.store.countWaiting('retrying')).toBe(1);
      },
    );

    it('writes down what the attempts of all others came to', async () => {
      const entries = await failedOnce(30);
      world.clock.advance(5 * minute);
      script.decide = refuses('Novelty');
      const sweep = failing('changeWaiting', entries[0]!.id);

      await expect(sweep()).rejects.toThrow('the table failed');

      const rows = await Promise.all(entries.slice(1).map(world.waiting));
      expect(rows.filter((row) => row?.unfinishedAttempts !== undefined)).toEqual([]);
    });

    it('stops where it is the table that fails, not its rows', async () => {
      await failedOnce(400);
      world.clock.advance(5 * minute);
      const claims: unknown[] = [];
      const store = {
        ...world.store,
        claimWaiting: (row: unknown) => {
          claims.push(row);
          return Promise.reject(new Error('the table is gone'));
        },
      };

      await expect(sweepDue({ ...world.ports, store }, world.budget())).rejects.toThrow('gone');
      expect(claims.length).toBeLessThan(300);
    });
  });

  it('never makes a row hold its aggregate that did not', async () => {
    const fifo = scripted(script, { kind: 'queue', ordered: true });
    world = createSweepWorld([fifo]);
    script.decide = refuses('Novelty');
    const [entry] = world.commit(1, () => ({ aggregate: 'order/1', sequence: 1 }));
    await world.relay([entry!]);
    await world.change(entry!, { blocksLane: false });
    world.clock.advance(5 * minute);

    await sweepDue(world.ports, world.budget());

    expect(await world.waiting(entry!)).toMatchObject({ state: 'retrying', blocksLane: false });
    expect(await world.store.heldAggregates(['order/1'])).toEqual(new Set());
  });
});
