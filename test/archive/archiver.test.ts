import { describe, expect, it } from 'vitest';

import { toArchiveLine } from '../../lib/table/archive.ts';
import { pageAfter, pageOf } from '../../lib/table/keys.ts';
import { archiveGauges } from '../../lib/core/metrics.ts';
import type { ArchiverPorts } from '../../lib/table/stores.ts';
import {
  collect,
  createArchiveWorld,
  day,
  folder,
  hour,
  linesOf,
  minute,
  start,
  type ArchiveWorld,
} from './support.ts';

const firstPage = pageOf(start);
const nextHour = pageAfter(firstPage, 60);

/** An hour with an entry of each outcome, a day and three hours ago, closed by the sweeper. */
async function anHour() {
  const world = createArchiveWorld();
  const published = world.write();
  await world.note('published', published);
  world.clock.advance(59 * minute);
  const waiting = world.write({ aggregate: 'order/2', sequence: 7, correlationId: 'request-1' });
  const retried = world.write({ data: '{"a": [1.50, "é\\u2028"]}' });
  await world.note('waiting', waiting, retried);
  world.clock.advance(minute);
  const discarded = world.write({ aggregate: 'order/3' }, start);
  await world.note('discarded', discarded);
  await world.note('published', retried);
  world.clock.advance(day + 2 * hour);
  await world.closeUpTo(nextHour);
  return { world, published, waiting, retried, discarded };
}

const watermark = async ({ store }: ArchiveWorld) => (await store.readWatermark('archive'))?.page;

describe('an hour that the sweeper has closed', () => {
  it('is archived with what became of each entry in the end', async () => {
    const { world, published, waiting, retried, discarded } = await anHour();

    const report = await world.run();

    const found = await linesOf(world);
    expect(found.map(({ entry }) => entry)).toEqual(
      expect.arrayContaining([published, waiting, retried, discarded]),
    );
    expect(Object.fromEntries(found.map((one) => [one.entry.id, one.outcome]))).toEqual({
      [published.id]: 'published',
      [waiting.id]: 'waiting',
      [retried.id]: 'published',
      [discarded.id]: 'discarded',
    });
    expect(found.find(({ entry }) => entry.id === retried.id)?.outcomeAt).toBe(start + hour);
    expect(report).toMatchObject({ entries: 4, archivedUpTo: nextHour, ended: 'done' });
  });

  it('is one object and its manifest', async () => {
    const { world } = await anHour();

    await world.run();

    expect([...world.archive.objects.keys()]).toEqual([
      `${folder}part-0000.ndjson.gz`,
      `${folder}_manifest.json`,
    ]);
    const manifest = world.archive.objects.get(`${folder}_manifest.json`);
    expect(JSON.parse(new TextDecoder().decode(manifest))).toEqual({
      hour: '2026-11-21T04',
      table: 'orders-table',
      closed: true,
      parts: [
        {
          name: 'part-0000.ndjson.gz',
          first: firstPage,
          last: '2026-11-21T04:59',
          entries: 4,
          sha256: expect.stringMatching(/^[0-9a-f]{64}$/) as unknown,
        },
      ],
    });
  });

  it('is done once: a run after it finds nothing to do', async () => {
    const { world } = await anHour();
    await world.run();
    world.archive.objects.clear();

    expect(await world.run()).toMatchObject({ hours: 0, entries: 0, ended: 'done' });
    expect(world.archive.objects.size).toBe(0);
  });

  it('costs no object where it is empty, and is passed', async () => {
    const world = createArchiveWorld();
    await world.closeUpTo(pageAfter(firstPage, 120));

    const report = await world.run();

    expect(report).toMatchObject({ entries: 0, archivedUpTo: pageAfter(firstPage, 120) });
    expect(world.archive.objects.size).toBe(0);
  });

  it('leaves out rows that are no valid entries: they wait for a person', async () => {
    const { world } = await anHour();
    world.store.table.put({ pk: `${firstPage}#00`, sk: 'e#nonsense' });

    expect(await world.run()).toMatchObject({ entries: 4 });
  });
});

describe('an hour that is not closed', () => {
  it('is left where there is time yet', async () => {
    const { world } = await anHour();
    const { store } = world;
    const lagging = {
      ...store,
      readWatermark: () => Promise.resolve({ page: '2026-11-21T04:59' }),
    };

    const report = await world.run({ store: lagging });

    expect(report).toMatchObject({ entries: 0, archivedUpTo: firstPage });
  });

  it('is archived with what is known of it a day before it expires', async () => {
    const world = createArchiveWorld();
    const known = world.write();
    await world.note('published', known);
    const unknown = world.write();
    world.clock.advance(13 * day - 1);
    expect(await world.run()).toMatchObject({ entries: 0 });
    world.clock.advance(1);

    await world.run();

    const outcomes = (await linesOf(world)).map(({ entry, outcome }) => [entry.id, outcome]);
    expect(Object.fromEntries(outcomes)).toEqual({
      [known.id]: 'published',
      [unknown.id]: 'unknown',
    });
    const manifest = world.archive.objects.get(`${folder}_manifest.json`);
    expect(JSON.parse(new TextDecoder().decode(manifest))).toMatchObject({ closed: false });
  });
});

describe('the first run', () => {
  it.each([
    ['a day', day],
    ['nearly as long as entries are kept', 11 * day],
  ])('archives what a table holds from %s before it was created', async (_, beforeMs) => {
    const world = createArchiveWorld();
    const copied = world.write({}, start - beforeMs);
    world.clock.advance(2 * day);
    await world.closeUpTo(firstPage);

    await world.run();

    expect((await linesOf(world)).map(({ entry }) => entry.id)).toEqual([copied.id]);
  });

  it('begins with what has not expired where the table is old', async () => {
    const world = createArchiveWorld();
    const old = world.write();
    world.clock.advance(20 * day);
    const kept = world.write({}, start + 6 * day + minute);
    await world.closeUpTo(pageOf(world.clock.now() - day));

    await world.run();

    const ids = (await linesOf(world)).map(({ entry }) => entry.id);
    expect(ids).toContain(kept.id);
    expect(ids).not.toContain(old.id);
    expect(world.log.lines.filter(({ level }) => level === 'error')).toEqual([]);
  });
});

it('says aloud that hours expired before they were archived', async () => {
  const { world } = await anHour();
  await world.run();
  world.clock.advance(20 * day);

  await world.run();

  expect(world.log.lines).toContainEqual({
    level: 'error',
    message: 'hours expired before they were archived',
    fields: { from: '2026-11-21T05', to: '2026-11-28T07' },
  });
});

describe('a large hour', () => {
  /** Thirty entries in thirty pages. */
  async function aLargeHour() {
    const world = createArchiveWorld();
    const entries = Array.from({ length: 30 }, (_, index) =>
      world.write({}, start + index * minute),
    );
    await world.note('published', ...entries);
    await world.closeUpTo(nextHour);
    const [entry] = entries;
    const line = toArchiveLine({ entry: entry!, outcome: 'published', outcomeAt: start });
    return { world, entries, fullPartBytes: 7 * line.length };
  }

  const partsIn = ({ archive }: ArchiveWorld) =>
    [...archive.objects.keys()].filter((key) => key.includes('part-'));

  it('is cut into parts of bounded size, which are read back whole and in order', async () => {
    const { world, entries, fullPartBytes } = await aLargeHour();

    expect(await world.run({ fullPartBytes })).toMatchObject({ entries: 30 });

    expect(partsIn(world)).toHaveLength(5);
    const reader = world.open();
    const read = [];
    for (let page = firstPage; page < nextHour; page = pageAfter(page, 1)) {
      read.push(...(await collect(reader.readPage(page))));
    }
    expect(read.map(({ entry }) => entry.id)).toEqual(entries.map(({ id }) => id));
  });

  it('is one part up to 16 MiB', async () => {
    const { world } = await aLargeHour();
    const data = JSON.stringify('x'.repeat(300_000));
    for (let index = 0; index < 60; index++) world.write({ data });

    await world.run();

    expect(partsIn(world)).toHaveLength(2);
  });

  it('has no line twice though a run died that had cut it into more parts', async () => {
    const { world, fullPartBytes } = await aLargeHour();
    const { archive } = world;
    const dies: Partial<ArchiverPorts> = {
      fullPartBytes,
      archive: {
        ...archive,
        put: (key, body) =>
          key.endsWith('.json') ? Promise.reject(new Error('dies')) : archive.put(key, body),
      },
    };
    await expect(world.run(dies)).rejects.toThrow('dies');

    await world.run({ fullPartBytes: 2 * fullPartBytes });

    expect(partsIn(world)).toHaveLength(5);
    expect(await linesOf(world)).toHaveLength(30);
  });
});

describe('the time of a run', () => {
  it('ends between two hours; the next run goes on from there', async () => {
    const { world } = await anHour();
    await world.closeUpTo(pageAfter(firstPage, 120));
    const { archive, clock } = world;
    const slow = {
      ...archive,
      put: (key: string, body: Uint8Array) => {
        clock.advance(5 * minute);
        return archive.put(key, body);
      },
    };

    const report = await world.run({ archive: slow });

    expect(report).toMatchObject({ archivedUpTo: nextHour, ended: 'out of time' });
    expect(await world.run()).toMatchObject({ hours: 1, archivedUpTo: pageAfter(firstPage, 120) });
  });

  it('measures how far it is behind', async () => {
    const { world } = await anHour();

    await world.run();

    expect(world.meter.counts.get(archiveGauges.unarchived)).toBe(day + 2 * hour);
  });
});

describe('two archivers at once', () => {
  it('are one that works, and one that leaves it alone', async () => {
    const { world } = await anHour();

    const reports = await Promise.all([world.run(), world.run()]);

    expect(reports.map(({ ended }) => ended).toSorted()).toEqual(['done', 'taken']);
    expect(await linesOf(world)).toHaveLength(4);
  });

  it('do not wait for one that failed', async () => {
    const { world } = await anHour();
    const broken: Partial<ArchiverPorts> = {
      archive: { ...world.archive, put: () => Promise.reject(new Error('no')) },
    };
    await expect(world.run(broken)).rejects.toThrow('no');

    expect(await world.run()).toMatchObject({ entries: 4 });
  });
});

describe('an archive that cannot be trusted', () => {
  it('keeps the watermark where it is when an object does not come back as it was written', async () => {
    const { world } = await anHour();
    const { archive } = world;
    const lossy = {
      ...archive,
      put: (key: string, body: Uint8Array) => archive.put(key, body.slice(1)),
    };

    await expect(world.run({ archive: lossy })).rejects.toMatchObject({ code: 'ARCHIVE_DAMAGED' });

    expect(await watermark(world)).toBe(firstPage);
  });

  it('is refused where another table was archived to the same place', async () => {
    const { world } = await anHour();
    await world.run();
    const { world: other } = await anHour();

    const run = other.run({ archive: world.archive, tableName: 'another-table' });

    await expect(run).rejects.toMatchObject({
      code: 'ARCHIVE_TAKEN',
      details: { table: 'orders-table', tableName: 'another-table' },
    });
  });

  it('is not written over by what is left of an hour', async () => {
    const { world } = await anHour();
    const { store } = world;
    const dies: typeof store = {
      ...store,
      advanceWatermark: (walker, to, shards) =>
        to === nextHour
          ? Promise.reject(new Error('dies'))
          : store.advanceWatermark(walker, to, shards),
    };
    await expect(world.run({ store: dies })).rejects.toThrow('dies');
    const [row] = store.table.rows(firstPage);
    store.table.delete({ pk: row!['pk'] as string, sk: row!['sk'] as string });

    expect(await world.run()).toMatchObject({ entries: 4 });
    expect(await linesOf(world)).toHaveLength(4);
  });
});
