import { describe, expect, it } from 'vitest';

import { pageAfter, pageOf, timeOfId } from '../../lib/table/keys.ts';
import type { Entry } from '../../lib/table/entry.ts';
import type { ReplayNote, ReplayRequest } from '../../lib/table/replay.ts';
import { createPace } from '../../lib/core/concurrency.ts';
import {
  countReplayable,
  runReplay,
  startReplay,
  type ReplayPorts,
  type ReplayStart,
  type StartOptions,
} from '../../lib/operate/replay.ts';
import { nameOf, type ReplaySource } from '../../lib/operate/replay-pages.ts';
import type { ArchivedPages } from '../../lib/table/stores.ts';
import { discardEntries } from '../../lib/operate/change.ts';
import { somePage, someTime } from '../support/entries.ts';
import { accepts, recordingLog, refuses, retentionMs, type Script } from '../support/world.ts';
import { collect, createOperateWorld, hour, minute, operator, shards } from './support.ts';

type World = ReturnType<typeof createOperateWorld>;

const anHour: ReplayRequest = { from: someTime, to: someTime + hour };

function sourceOf({ store, clock }: World, over: Partial<ReplaySource> = {}): ReplaySource {
  const createdPage = pageAfter(somePage, -60);
  return { store, shardCounts: [shards], clock, retentionMs, createdPage, ...over };
}

function portsOf(world: World, over: Partial<ReplayPorts> = {}): ReplayPorts {
  const { clock, destination } = world;
  return {
    source: sourceOf(world),
    destinations: [destination],
    clock,
    random: () => 0.5,
    log: recordingLog(),
    messageSource: 'orders',
    pace: createPace(100_000, clock),
    ...over,
  };
}

async function replay(
  world: World,
  request: ReplayRequest = anHour,
  { again = false, ...over }: Partial<ReplayPorts> & { again?: boolean } = {},
) {
  const now = world.clock.now();
  const { store, newId } = world;
  const start = await startReplay(request, { ...asUsual, again }, { store, newId, now });
  const pages =
    start.status === 'done before' || start.status === 'overlaps'
      ? []
      : await collect(runReplay(request, start.note, portsOf(world, over)));
  return { start, pages };
}

const asUsual = { again: false, abandon: false, by: operator.by };

/** Begins a replay, and does not run it. */
function begin({ store, newId, clock }: World, request = anHour, over: Partial<StartOptions> = {}) {
  return startReplay(request, { ...asUsual, ...over }, { store, newId, now: clock.now() });
}

/** The note of a replay that was begun or resumed. */
function noteOf(start: ReplayStart): ReplayNote {
  if (start.status === 'overlaps') throw new Error('it overlaps with another one');
  return start.note;
}

/** Ids in the order in which they arrive from now on, each with what the message says of the replay. */
function arrivals(world: World, decide: Script = accepts) {
  const seen: { id: string; replayId: unknown; skipped: unknown }[] = [];
  world.script.decide = (outgoing) => {
    const reply = decide(outgoing);
    const { id, replayid, skipped } = JSON.parse(outgoing.json) as Record<string, string>;
    if (reply.status === 'accepted') seen.push({ id: id ?? '', replayId: replayid, skipped });
    return reply;
  };
  return seen;
}

const idsOf = (items: readonly { id: string }[]): string[] => items.map(({ id }) => id);

describe('a replay', () => {
  it('delivers again what was delivered, marked with its id', async () => {
    const world = createOperateWorld();
    const entries = await world.deliver({}, { aggregate: 'order/2' });
    const seen = arrivals(world);

    const { start, pages } = await replay(world);

    const { replayId } = noteOf(start);
    expect(idsOf(seen).toSorted()).toEqual(idsOf(entries).toSorted());
    expect(seen.every((message) => message.replayId === replayId)).toBe(true);
    expect(pages.reduce((sum, { sent }) => sum + sent, 0)).toBe(2);
  });

  it('takes those of the types, the aggregate and the time that are asked for', async () => {
    const world = createOperateWorld();
    const [wanted] = await world.deliver({ type: 'order.placed' }, { type: 'invoice.created' });
    const [other] = await world.deliver({ aggregate: 'order/2' });
    world.clock.advance(2 * minute);
    await world.deliver({});
    const seen = arrivals(world);

    await replay(world, {
      ...anHour,
      types: ['order.*'],
      aggregate: 'order/1',
      to: someTime + minute,
    });
    expect(idsOf(seen)).toEqual([wanted!.id]);
    await replay(world, { ...anHour, to: someTime + minute, types: ['order.*'] });

    expect(idsOf(seen)).toContain(other!.id);
    expect(seen).toHaveLength(3);
  });

  it('leaves out what ends at its end, and takes what begins at its beginning', async () => {
    const world = createOperateWorld();
    const [first] = await world.deliver({});
    world.clock.advance(1);
    await world.deliver({});
    const seen = arrivals(world);

    await replay(world, { from: someTime, to: someTime + 1 });

    expect(idsOf(seen)).toEqual([first!.id]);
  });

  it('leaves alone what waits and what is on its way: that is delivered anyway', async () => {
    const world = createOperateWorld();
    world.script.decide = refuses('Odd');
    await world.deliver({});
    await world.write({ aggregate: 'order/2' });
    const seen = arrivals(world);

    await replay(world);

    expect(seen).toEqual([]);
  });

  it('delivers an old entry whose receipt has expired', async () => {
    const world = createOperateWorld();
    const entry = await world.write();
    world.clock.advance(26 * hour);
    const seen = arrivals(world);

    await replay(world);

    expect(idsOf(seen)).toEqual([entry.id]);
  });

  it('tells the sequence again of what was given up, and of what has none nothing', async () => {
    const world = createOperateWorld();
    world.script.decide = refuses('MalformedDetail');
    const [numbered, plain] = await world.deliver({ sequence: 7 }, {});
    for (const entry of [numbered!, plain!]) {
      const change = discardEntries({ ...operator, notice: false }, world.ports);
      await change((await world.waitingOf(entry))!);
    }
    const seen = arrivals(world);

    await replay(world);

    expect(seen).toMatchObject([{ id: numbered!.id, skipped: true }]);
  });

  it("keeps each aggregate's sequence on a destination that keeps order", async () => {
    const world = createOperateWorld({ ordered: true });
    const events = Array.from({ length: 20 }, (_, index) => ({ sequence: index + 1 }));
    const entries = await world.deliver(...events.slice(0, 10));
    world.clock.advance(minute);
    const later = await world.deliver(...events.slice(10));
    const seen = arrivals(world);

    await replay(world);

    expect(idsOf(seen)).toEqual(idsOf([...entries, ...later]));
  });

  it('goes no faster than it may', async () => {
    const world = createOperateWorld();
    await world.deliver(...Array.from({ length: 250 }, () => ({})));
    arrivals(world);
    const begun = world.clock.now();

    await replay(world, anHour, { pace: createPace(100, world.clock) });

    expect(world.clock.now() - begun).toBe(2000);
  });
});

describe('a replay that cannot go on', () => {
  /** Two pages of one entry each; the destination goes away before the second. */
  async function twoPages() {
    const world = createOperateWorld();
    const [first] = await world.deliver({});
    world.clock.advance(minute);
    const [second] = await world.deliver({});
    const gone: Script = (outgoing) =>
      outgoing.entry.id === second!.id ? refuses('Odd')(outgoing) : accepts(outgoing);
    return { world, first: first!, second: second!, gone };
  }

  it('stops at the page, and says why', async () => {
    const { world, second, gone } = await twoPages();
    arrivals(world, gone);

    const { pages } = await replay(world);

    expect(pages.at(-1)).toMatchObject({
      page: pageOf(timeOfId(second.id)),
      stoppedBy: { code: 'Odd', destination: 'shop' },
    });
  });

  it('goes on from there under the same id, without what was done before', async () => {
    const { world, first, second, gone } = await twoPages();
    const before = arrivals(world, gone);
    const begun = await replay(world);
    const after = arrivals(world);

    const resumed = await replay(world);

    expect(idsOf(before)).toEqual([first.id]);
    expect(idsOf(after)).toEqual([second.id]);
    expect(resumed.start).toMatchObject({
      status: 'resumed',
      note: { replayId: noteOf(begun.start).replayId, sent: 1 },
    });
  });

  it('goes on from the page it was at when its process died', async () => {
    const { world, second } = await twoPages();
    arrivals(world);
    const note = noteOf(await begin(world));
    for await (const { sent } of runReplay(anHour, note, portsOf(world))) if (sent > 0) break;
    const after = arrivals(world);

    await replay(world);

    // The page at which it died is done again: its note comes after it.
    expect(idsOf(after).at(-1)).toBe(second.id);
    expect(after.every(({ replayId }) => replayId === note.replayId)).toBe(true);
  });

  it('passes over what a destination will never take, and lets the rest of its aggregate go', async () => {
    const world = createOperateWorld({ ordered: true });
    const [bad, ...rest] = await world.deliver({ sequence: 1 }, { sequence: 2 }, { sequence: 3 });
    const decide: Script = (outgoing) =>
      outgoing.entry.id === bad!.id ? refuses('MalformedDetail')(outgoing) : accepts(outgoing);
    const seen = arrivals(world, decide);

    const { pages } = await replay(world);

    expect(idsOf(seen)).toEqual(idsOf(rest));
    expect(pages.flatMap(({ refused }) => refused)).toMatchObject([
      { eventId: bad!.id, error: { code: 'MalformedDetail' } },
    ]);
    expect(pages.some(({ stoppedBy }) => stoppedBy !== undefined)).toBe(false);
  });
});

describe('the same replay once more', () => {
  it('is done only where somebody says so, under a new id', async () => {
    const world = createOperateWorld();
    await world.deliver({});
    const seen = arrivals(world);
    const first = await replay(world);

    const refused = await replay(world);
    const again = await replay(world, anHour, { again: true });

    expect(refused.start).toMatchObject({
      status: 'done before',
      note: { endedAt: world.clock.now() },
    });
    expect(noteOf(again.start).replayId).not.toBe(noteOf(first.start).replayId);
    expect(seen).toHaveLength(2);
  });

  it('is another one where anything else is asked for', () => {
    const requests: ReplayRequest[] = [
      anHour,
      { ...anHour, to: anHour.to + 1 },
      { ...anHour, types: ['order.*'] },
      { ...anHour, aggregate: 'order/1' },
      { ...anHour, destination: 'order/1' },
    ];

    expect(new Set(requests.map(nameOf)).size).toBe(requests.length);
    expect(nameOf({ ...anHour, types: ['a', 'b'] })).toBe(
      nameOf({ ...anHour, types: ['b', 'a', 'b'] }),
    );
  });
});

describe('counting what would be replayed', () => {
  it('counts by type what the replay then delivers, and sends nothing', async () => {
    const world = createOperateWorld();
    await world.deliver({}, {}, { type: 'invoice.created' }, { type: 'nobody.wants' });
    world.clock.advance(minute);
    await world.write();
    const seen = arrivals(world);

    const destinations = [{ types: ['order.*'] }, { types: ['invoice.created'] }];
    const count = await countReplayable(anHour, {
      destinations,
      source: sourceOf(world),
    });

    expect(count).toEqual({
      pages: 61,
      entries: 3,
      skipNotices: 0,
      byType: { 'order.placed': 2, 'invoice.created': 1 },
    });
    expect(seen).toEqual([]);
  });

  it('counts a type whose name every object inherits', async () => {
    const world = createOperateWorld();
    await world.deliver({ type: 'constructor' }, { type: 'constructor' });

    const count = await countReplayable(anHour, {
      destinations: [{}],
      source: sourceOf(world),
    });

    expect(count).toMatchObject({ entries: 2 });
    expect(Object.entries(count.byType)).toEqual([['constructor', 2]]);
  });
});

const archiveOf = (entries: readonly Entry[]): ArchivedPages => ({
  firstPage: () => Promise.resolve(somePage),
  readPage: async function* (page) {
    await Promise.resolve();
    const meant = entries.filter(({ id }) => pageOf(timeOfId(id)) === page);
    yield meant.map((entry) => ({ entry, outcome: 'published', outcomeAt: someTime }) as const);
  },
});

describe('pages that are no longer in the table', () => {
  it('are read from the archive, where there is one', async () => {
    const world = createOperateWorld();
    const archived = await world.write();
    const seen = arrivals(world);
    const request = { from: someTime, to: someTime + 1 };
    world.clock.advance(retentionMs + 3 * 24 * hour);
    const archive = archiveOf([archived]);

    await replay(world, request, { source: sourceOf(world, { archive }) });

    expect(idsOf(seen)).toEqual([archived.id]);
  });

  it('are told of where there is none: what is left of them is delivered', async () => {
    const world = createOperateWorld();
    const [left] = await world.deliver({});
    const seen = arrivals(world);
    world.clock.advance(retentionMs + 30 * minute);

    const { pages } = await replay(world);

    expect(idsOf(seen)).toEqual([left!.id]);
    expect(pages.filter(({ isExpired }) => isExpired)).toHaveLength(31);
    expect(await world.store.readReplay(nameOf(anHour))).toMatchObject({ expiredPages: 31 });
  });
});

describe('a table that holds what is older than itself', () => {
  it.each([
    ['without an archive', undefined],
    ['with an archive that has nothing of it', archiveOf([])],
  ])('is replayed %s', async (_, archive) => {
    const world = createOperateWorld();
    const entries = await world.deliver({}, { aggregate: 'order/2' });
    const seen = arrivals(world);
    const createdPage = pageAfter(somePage, 120);
    const source = sourceOf(world, { createdPage, ...(archive === undefined ? {} : { archive }) });

    const whole = await replay(world, anHour, { source });
    const ofOne = await replay(world, { ...anHour, aggregate: 'order/2' }, { source });

    expect(idsOf(seen).slice(0, 2).toSorted()).toEqual(idsOf(entries).toSorted());
    expect(idsOf(seen).slice(2)).toEqual([entries[1]!.id]);
    expect([...whole.pages, ...ofOne.pages].some(({ isExpired }) => isExpired)).toBe(false);
  });
});

describe('two replays', () => {
  it('of the same events that begin in the same moment are one', async () => {
    const world = createOperateWorld();

    const starts = await Promise.all([begin(world), begin(world, anHour, { by: 'bob' })]);

    expect(starts.map(({ status }) => status).toSorted()).toEqual(['new', 'resumed']);
    expect(new Set(starts.map((start) => noteOf(start).replayId)).size).toBe(1);
  });

  it('that overlap never both begin in the same moment', async () => {
    const world = createOperateWorld();
    const later = { ...anHour, from: anHour.from + minute };

    const starts = await Promise.all([begin(world), begin(world, later)]);

    expect(starts.filter(({ status }) => status === 'new').length).toBeLessThan(2);
    expect(starts.some(({ status }) => status === 'overlaps')).toBe(true);
  });

  it('of the same events: the one that was taken over stops, and ends nothing', async () => {
    const world = createOperateWorld();
    for (let index = 0; index < 3; index++) {
      await world.deliver({});
      world.clock.advance(minute);
    }
    arrivals(world);
    const pages: unknown[] = [];
    for await (const { sent, stoppedBy } of runReplay(
      anHour,
      noteOf(await begin(world)),
      portsOf(world),
    )) {
      pages.push(stoppedBy ?? sent);
      if (pages.length === 2) await begin(world, anHour, { by: 'bob' });
    }

    expect(pages).toEqual([1, 1, 'taken over']);
    const { note } = (await begin(world)) as { note: ReplayNote };
    expect(note).toMatchObject({ sent: 1, next: pageAfter(somePage, 1) });
    expect(note.endedAt).toBeUndefined();
  });

  const base: ReplayRequest = { ...anHour, types: ['order.*'], aggregate: 'order/1' };
  it.each<[string, Partial<ReplayRequest>, 'overlaps' | 'new']>([
    ['a later end', { to: anHour.to + 1000 }, 'overlaps'],
    ['a later beginning', { from: anHour.from + 1000 }, 'overlaps'],
    ['a type of the same', { types: ['order.placed'] }, 'overlaps'],
    ['a wider pattern', { types: ['invoice.created', 'ord*'] }, 'overlaps'],
    ['one destination of all', { destination: 'shop' }, 'overlaps'],
    ['times after it', { from: anHour.to, to: anHour.to + hour }, 'new'],
    ['times before it', { from: anHour.from - hour, to: anHour.from }, 'new'],
    ['other types', { types: ['invoice.*', 'orders'] }, 'new'],
    ['another aggregate', { aggregate: 'order/2' }, 'new'],
  ])('of which the second has %s: %o is %s', async (_, over, status) => {
    const world = createOperateWorld();
    await begin(world, base);

    const second = await begin(world, { ...base, ...over });

    expect(second.status).toBe(status);
    if (second.status === 'overlaps') expect(second.others).toMatchObject([{ request: base }]);
  });

  it('that overlap may follow each other once the first is done', async () => {
    const world = createOperateWorld();
    await replay(world);

    expect((await begin(world, { ...anHour, to: anHour.to + 1000 })).status).toBe('new');
  });

  it('that overlap: the first is abandoned where somebody says so, and may begin anew', async () => {
    const world = createOperateWorld();
    const first = noteOf(await begin(world));
    const other = { ...anHour, to: anHour.to + 1000 };

    expect((await begin(world, other, { abandon: true })).status).toBe('new');
    await replay(world, other);
    const anew = await begin(world);

    expect(anew.status).toBe('new');
    expect(noteOf(anew).replayId).not.toBe(first.replayId);
  });
});
