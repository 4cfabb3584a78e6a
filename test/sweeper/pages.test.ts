import { beforeEach, describe, expect, it } from 'vitest';

import { entryToRow, type Entry } from '../../lib/table/entry.ts';
import { pageAfter, pageKey, pageOf, timeOfId } from '../../lib/table/keys.ts';
import type { DestinationAdapter } from '../../lib/delivery/destination.ts';
import { watchAcceptance } from '../../lib/delivery/relay-notes.ts';
import { sweepPages } from '../../lib/sweeper/pages.ts';
import type { SweepStore } from '../../lib/table/stores.ts';
import { Death, mortal } from '../support/mortal.ts';
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
  retentionMs,
  scripted,
  shards,
  type Script,
  type ScriptedDestination,
} from '../support/world.ts';

const day = 24 * hour;
const page = pageOf(start);

describe('a pass over the pages', () => {
  const script: { decide: Script } = { decide: accepts };
  let bus: ScriptedDestination;
  let world: SweepWorld;
  beforeEach(() => {
    script.decide = accepts;
    bus = scripted(script);
    world = createSweepWorld([bus]);
  });
  const sweep = (over: Partial<SweepWorld['ports']> = {}, ms?: number) =>
    sweepPages(
      'missed',
      { ...world.ports, ...watchAcceptance(world.ports.destinations, world.ports), ...over },
      world.budget(ms),
    );
  const watermark = async (pass: 'missed' | 'closing' = 'missed') =>
    (await world.store.readWatermark(pass))?.page;
  const settled = async (): Promise<string[]> => {
    const { receipts } = await world.store.readPage(page);
    return receipts.flatMap(({ eventIds }) => eventIds).toSorted();
  };

  it('delivers what has no receipt, and nothing else', async () => {
    const entries = world.commit(6);
    await world.relay(entries.slice(0, 4));
    bus.arrived.length = 0;
    world.clock.advance(3 * minute);

    const result = await sweep();

    expect(result).toEqual({ found: 2, pages: 1, ended: 'done' });
    expect(bus.arrived).toEqual(entries.slice(4).map(({ id }) => id));
    expect(await settled()).toEqual(entries.map(({ id }) => id));
    expect(await watermark()).toBe(pageAfter(page, 1));
  });

  it('leaves a page to the relay until two minutes after its end', async () => {
    world.commit(1);
    world.clock.advance(3 * minute - 1);

    expect(await sweep()).toMatchObject({ pages: 0 });
    world.clock.advance(1);

    expect(await sweep()).toMatchObject({ found: 1 });
  });

  it('leaves what the relay sent to the waiting room to the due pass', async () => {
    const [goes, fails] = world.commit(2);
    script.decide = refusing([fails?.id]);
    await world.relay([goes!, fails!]);
    script.decide = accepts;
    world.clock.advance(3 * minute);

    expect(await sweep()).toMatchObject({ found: 0 });
  });

  it('finds the entries of more shards than are in use', async () => {
    const entry = entryOf(world.newId(start));
    const row = entryToRow(entry, { shards, retentionMs });
    world.store.table.put({ ...row, pk: pageKey(page, 11) });
    world.clock.advance(3 * minute);

    expect(await sweep({ shards: 12 })).toMatchObject({ found: 1 });
  });

  it('parks rows that are no entries, once, with a receipt', async () => {
    const [entry] = world.commit(1);
    world.store.table.put({ pk: pageKey(page, 0), sk: 'e#nonsense', hello: 'world' });
    world.clock.advance(3 * minute);

    await sweep();
    await world.store.advanceWatermark('closing', page, 4);
    world.clock.advance(26 * hour);
    const again = await sweepPages('closing', world.ports, world.budget());

    expect(again).toMatchObject({ found: 0 });
    expect(bus.arrived).toEqual([entry!.id]);
    expect(await world.listed('parked')).toMatchObject([{ errorCode: 'ENTRY_INVALID' }]);
  });

  it('goes over thousands of empty pages, and notes on its way how far it came', async () => {
    world.clock.advance(3 * day);
    const [entry] = world.commit(1);
    world.clock.advance(3 * minute);
    const notes: string[] = [];
    const store: SweepStore = {
      ...world.store,
      advanceWatermark: (pass, to, shards) => {
        notes.push(to);
        return world.store.advanceWatermark(pass, to, shards);
      },
    };

    const result = await sweep({ store });

    expect(result).toEqual({ found: 1, pages: 3 * 24 * 60 + 1, ended: 'done' });
    expect(bus.arrived).toEqual([entry!.id]);
    expect(notes.length).toBeGreaterThan(50);
    expect(notes).toEqual(notes.toSorted());
  });

  describe('for the first time', () => {
    it('begins with the table', async () => {
      world.clock.advance(10 * minute);

      expect(await sweep()).toMatchObject({ pages: 8 });
    });

    it('begins with what is not yet expiring, in a table that is older', async () => {
      world.clock.advance(retentionMs - hour);
      world.commit(1);
      world.clock.advance(hour + 10 * minute);

      const { pages, found } = await sweep({}, 10 * minute);

      expect(found).toBe(1);
      expect(pages).toBe(retentionMs / minute - 3);
    });

    it('looks at the pages of the day before the table once they are closed, for clocks that are slow', async () => {
      await world.store.advanceWatermark('closing', pageOf(start - 24 * hour), 4);
      const [late] = world.commit(1, () => ({ id: world.newId(start - 23 * hour) }));
      world.clock.advance(3 * minute);
      await sweep();
      expect(bus.arrived).toEqual([]);
      world.clock.advance(3 * hour);
      await sweep();

      await sweepPages('closing', world.ports, world.budget());

      expect(bus.arrived).toEqual([late!.id]);
    });

    it('delivers what a copied table holds from long before it was created', async () => {
      const oldest = start - retentionMs;
      const bornAt = [oldest + 10 * minute, oldest + 15 * minute];
      const copied = bornAt.flatMap((at) => world.commit(1, () => ({ id: world.newId(at) })));
      world.clock.advance(3 * minute);
      await sweep();

      const first = await sweepPages('closing', world.ports, world.budget(10 * minute));
      const second = await sweepPages('closing', world.ports, world.budget());

      expect(bus.arrived).toEqual(copied.map(({ id }) => id));
      // Some pages in each run, the oldest first: these expire first.
      expect(first).toMatchObject({ found: 2, ended: 'done' });
      expect([first.pages, second.pages].filter((pages) => pages >= 20 && pages < 25)).toHaveLength(
        2,
      );
    });
  });

  describe('after a pause longer than entries are kept', () => {
    it('says so, and concludes nothing from what is left', async () => {
      await world.store.advanceWatermark('missed', page, 4);
      const [entry] = world.commit(1);
      world.clock.advance(retentionMs + hour);

      await sweep({}, 10 * minute);

      expect(bus.arrived).not.toContain(entry!.id);
      expect(world.log.lines).toContainEqual({
        level: 'error',
        message: expect.stringContaining('expired before they were swept') as string,
        fields: { pass: 'missed', from: page, to: expect.any(String) as string },
      });
    });
  });

  describe('while a relay is behind', () => {
    beforeEach(() => {
      world.commit(1);
      world.clock.advance(6 * hour);
    });

    it('leaves to it what it is about to reach', async () => {
      await world.store.noteLag({ oldestAt: start, notedAt: world.clock.now() - 4 * minute });

      expect(await sweep()).toMatchObject({ pages: 0 });
      expect(await watermark()).toBe(page);
    });

    it('waits no longer than five minutes for one that says nothing more', async () => {
      await world.store.noteLag({ oldestAt: start, notedAt: world.clock.now() - 5 * minute - 1 });

      expect(await sweep()).toMatchObject({ found: 1 });
    });

    it('takes what the stream is about to forget', async () => {
      world.clock.advance(18 * hour);
      await world.store.noteLag({ oldestAt: start, notedAt: world.clock.now() });

      expect(await sweep()).toMatchObject({ found: 1 });
      expect(await watermark()).toBe(pageOf(world.clock.now() - 23 * hour));
    });

    it('steps back in the middle of a page when it says that it is on its way', async () => {
      const entries = world.commit(1_200);
      const from = pageOf(world.clock.now());
      world.clock.advance(3 * minute);
      await world.store.advanceWatermark('missed', from, 4);
      const notes: DestinationAdapter = {
        ...bus,
        send: async (outgoing, options) => {
          world.clock.advance(200);
          await world.store.noteLag({
            oldestAt: timeOfId(entries[0]!.id),
            notedAt: world.clock.now(),
          });
          return bus.send(outgoing, options);
        },
      };

      const result = await sweep({ destinations: [notes] });

      expect(result).toMatchObject({ ended: 'done' });
      expect(result.found).toBeLessThan(1_200);
      expect(await watermark()).toBe(from);
    });
  });

  describe('in an outage', () => {
    it('stops at the first page, and writes nothing', async () => {
      world.commit(3);
      world.clock.advance(minute);
      world.commit(3);
      world.clock.advance(3 * minute);
      script.decide = refuses('ThrottlingException');

      const result = await sweep();

      expect(result).toEqual({ found: 0, pages: 1, ended: 'outage' });
      expect(await settled()).toEqual([]);
      expect(await world.listed('retrying')).toEqual([]);
      expect(await watermark()).toBe(page);
    });

    it('goes on behind what was delivered before it', async () => {
      const entries = world.commit(1_100);
      world.clock.advance(3 * minute);
      script.decide = (one) =>
        bus.arrived.length < 500 ? accepts(one) : refuses('ThrottlingException')(one);
      expect(await sweep()).toMatchObject({ found: 500, ended: 'outage' });
      script.decide = accepts;

      await sweep();

      expect(bus.arrived).toHaveLength(1_100);
      expect(new Set(bus.arrived)).toEqual(new Set(entries.map(({ id }) => id)));
    });
  });

  describe('where time is short', () => {
    it('stops between two parts of a page, and the next goes on there', async () => {
      world.commit(1_500);
      world.clock.advance(3 * minute);
      const slow: DestinationAdapter = {
        ...bus,
        send: (outgoing, options) => {
          world.clock.advance(100);
          return bus.send(outgoing, options);
        },
      };

      const result = await sweep({ destinations: [slow] }, 7_500);
      await sweep();

      expect(result).toMatchObject({ ended: 'out of time' });
      expect(new Set(bus.arrived).size).toBe(1_500);
      expect(bus.arrived).toHaveLength(1_500);
    });
  });

  describe('with another sweeper', () => {
    const lease = { page, holder: 'another', now: start, until: start + hour };

    it('passes by the page that it is at, and looks at it again the next time', async () => {
      world.commit(1);
      world.clock.advance(minute);
      const [next] = world.commit(1);
      world.clock.advance(3 * minute);
      await world.store.leasePage(lease);

      const result = await sweep();

      expect(result).toMatchObject({ found: 1, ended: 'done' });
      expect(bus.arrived).toEqual([next!.id]);
      expect(await watermark()).toBe(page);
    });

    it('waits behind it where a destination keeps order', async () => {
      const fifo = scripted(script, { ordered: true });
      world.commit(1, inSequence);
      world.clock.advance(minute);
      world.commit(1, (index) => ({ ...inSequence(index), sequence: 2 }));
      world.clock.advance(3 * minute);
      await world.store.leasePage(lease);

      await sweep({ destinations: [fifo] });

      expect(fifo.arrived).toEqual([]);
    });

    it('delivers nothing twice where both find the same page at the same time', async () => {
      const entries = world.commit(700);
      world.clock.advance(3 * minute);

      await Promise.all([sweep(), sweep(), sweep()]);
      await sweep();

      expect(bus.arrived).toHaveLength(entries.length);
      expect(await watermark()).toBe(pageAfter(page, 1));
    });
  });

  describe('with entries in a sequence', () => {
    it('delivers a page in sequence, whatever order the ids are in', async () => {
      const fifo = scripted(script, { ordered: true });
      const entries = world.commit(1_300, (index) => ({
        aggregate: 'order/1',
        sequence: 1_300 - index,
      }));
      world.clock.advance(3 * minute);
      const whole = { ...world.store, openPage: wholePage(world) };

      await sweep({ destinations: [fifo], store: whole });

      expect(fifo.arrived).toEqual(entries.toReversed().map(({ id }) => id));
    });
  });

  describe('with an entry that kills its sweepers', () => {
    it('sets the page aside after three, so that the due pass finds out which it is', async () => {
      const entries = world.commit(5, inSequence);
      const fifo = scripted(script, { ordered: true });
      const killers = new Set([entries[2]!.id]);
      world.clock.advance(3 * minute);
      for (let runs = 0; runs < 3; runs++) {
        const { store, destinations } = mortal(
          { store: world.store, destinations: [fifo] },
          { killers },
        );
        const dying = sweep({ store, destinations });
        await expect(dying).rejects.toBeInstanceOf(Death);
        world.clock.advance(2 * minute);
      }

      const result = await sweep({ destinations: [fifo] });

      expect(result).toMatchObject({ found: 5, ended: 'done' });
      expect(await watermark()).toBe(pageOf(world.clock.now() - 2 * minute));
      expect(await world.listed('retrying')).toHaveLength(5);
      expect(await world.store.firstInLine('order/1')).toMatchObject({
        attempts: 0,
        blocksLane: true,
      });
    });

    it('does the same where it fails, whatever the reason', async () => {
      const fifo = scripted(script, { ordered: true });
      const [entry] = world.commit(1, inSequence);
      const store: SweepStore = {
        ...world.store,
        heldAggregates: () => Promise.reject(new Error('no answer')),
      };
      world.clock.advance(3 * minute);
      for (let runs = 0; runs < 3; runs++) {
        await expect(sweep({ destinations: [fifo], store })).rejects.toThrow('no answer');
        world.clock.advance(2 * minute);
      }

      await sweep({ destinations: [fifo], store });

      expect(await settled()).toEqual([entry!.id]);
      expect(await world.waiting(entry!)).toMatchObject({ state: 'retrying', attempts: 0 });
    });
  });

  describe('that closes pages', () => {
    const close = () => sweepPages('closing', world.ports, world.budget());

    it('finds what was written after the missed pass, when the stream has forgotten it', async () => {
      await world.store.advanceWatermark('closing', pageOf(start - 24 * hour), 4);
      world.clock.advance(10 * minute);
      await sweep();
      const [late] = world.commit(1, () => ({ id: world.newId(start) }));
      world.clock.advance(24 * hour);
      await sweep();
      await close();
      expect(bus.arrived).toEqual([]);
      world.clock.advance(hour);

      await close();

      expect(bus.arrived).toEqual([late!.id]);
      expect(await watermark('closing')).toBe(pageOf(world.clock.now() - 25 * hour));
    });

    it('stays behind the missed pass', async () => {
      world.commit(1);
      world.clock.advance(2 * day);

      expect(await close()).toMatchObject({ found: 0 });

      expect(bus.arrived).toEqual([]);
    });
  });

  describe('where the table fails for one page', () => {
    const failing = (bad: string): SweepStore => ({
      ...world.store,
      openPage: (one, shardsOfPage) =>
        one === bad
          ? Promise.reject(new Error('the page failed'))
          : world.store.openPage(one, shardsOfPage),
    });

    it('sweeps the others, keeps the watermark before it, and throws in the end', async () => {
      world.commit(1);
      world.clock.advance(minute);
      const [later] = world.commit(1);
      world.clock.advance(3 * minute);

      await expect(sweep({ store: failing(page) })).rejects.toThrow('the page failed');

      expect(bus.arrived).toEqual([later!.id]);
      expect(await watermark()).toBe(page);
    });

    it('stops after three in a row', async () => {
      world.clock.advance(30 * minute);
      let opened = 0;
      const store: SweepStore = {
        ...world.store,
        openPage: () => {
          opened += 1;
          return Promise.reject(new Error('the table failed'));
        },
      };

      await expect(sweep({ store })).rejects.toThrow('the table failed');
      expect(opened).toBeLessThan(8);
    });
  });

  describe('of which a destination takes nothing', () => {
    it.each([{ ordered: false }, { ordered: true }])(
      'goes to the waiting room where it takes later entries: $ordered',
      async ({ ordered }) => {
        bus = scripted(script, ordered ? { kind: 'queue', ordered } : {});
        world = createSweepWorld([bus]);
        const bad = world.commit(3, (index) => ({
          aggregate: `bad/${index}`,
          ...(ordered ? { sequence: 1 } : {}),
        }));
        world.clock.advance(minute);
        const good = world.commit(2, (index) => ({
          aggregate: `good/${index}`,
          ...(ordered ? { sequence: 1 } : {}),
        }));
        const behind = world.commit(1, () => ({
          aggregate: 'bad/0',
          ...(ordered ? { sequence: 2 } : {}),
        }));
        world.clock.advance(3 * minute);
        script.decide = failingWith(bad);

        const result = await sweep();

        expect(result).toMatchObject({ ended: 'done' });
        expect(await world.listed('retrying')).toHaveLength(3);
        // In sequence, what is behind a bad one waits for it; without, it goes.
        const expected = [...good, ...(ordered ? [] : behind)].map(({ id }) => id);
        expect(bus.arrived.toSorted()).toEqual(expected.toSorted());
        expect(await world.store.readAcceptance()).toBeDefined();
      },
    );

    it('stays where it is while it takes no later ones either', async () => {
      world.commit(3);
      world.clock.advance(minute);
      world.commit(3);
      world.clock.advance(3 * minute);
      script.decide = () => {
        throw Object.assign(new Error('down'), { code: 'ECONNREFUSED' });
      };

      expect(await sweep()).toMatchObject({ ended: 'outage' });

      expect(await world.listed('retrying')).toEqual([]);
      expect(await world.store.readAcceptance()).toBeUndefined();
    });
  });
});

/** Opens pages in one part, as the database does where they are not large. */
function wholePage({ store }: SweepWorld): SweepStore['openPage'] {
  return async (page, shardCount) => {
    const { receipts, chunks } = await store.openPage(page, shardCount);
    const entries: Entry[] = [];
    for await (const chunk of chunks) entries.push(...chunk.entries);
    return {
      receipts,
      chunks: (async function* () {
        await Promise.resolve();
        yield { entries, invalid: [] };
      })(),
    };
  };
}

/** Fails calls with one of the entries as a whole. */
function failingWith(entries: readonly Entry[]): Script {
  const bad = new Set(entries.map(({ id }) => id));
  return (one) => {
    if (bad.has(one.entry.id))
      throw Object.assign(new Error('no'), { name: 'AccessDeniedException' });
    return accepts(one);
  };
}
