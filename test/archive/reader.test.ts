import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { hourOf, hourPrefix, toArchiveLine, type ArchivedEntry } from '../../lib/table/archive.ts';
import { entryToRow } from '../../lib/table/entry.ts';
import { pageAfter, pageOf, timeOfId } from '../../lib/table/keys.ts';
import { packLines, sha256 } from '../../lib/archive/objects.ts';
import type { ArchiveObjects } from '../../lib/table/stores.ts';
import { someEntry } from '../support/arbitraries.ts';
import { retentionMs } from '../support/entries.ts';
import { countingIds, entryOf, shards } from '../support/world.ts';
import {
  collect,
  createArchiveWorld,
  day,
  folder,
  hour,
  minute,
  owner,
  start,
  type ArchiveWorld,
} from './support.ts';

const firstPage = pageOf(start);
const outcomes = ['published', 'waiting', 'discarded'] as const;

/** Two hours with an entry a quarter of an hour, archived. */
async function archived() {
  const world = createArchiveWorld();
  const entries = Array.from({ length: 8 }, (_, index) =>
    world.write({}, start + index * 15 * minute),
  );
  await world.note('published', ...entries);
  world.clock.advance(day + 4 * hour);
  await world.closeUpTo(pageAfter(firstPage, 120));
  await world.run();
  return { world, entries };
}

/** The keys that were read, and the prefixes that were listed. */
function watched({ archive }: ArchiveWorld): { archive: ArchiveObjects; asked: string[] } {
  const asked: string[] = [];
  return {
    asked,
    archive: {
      ...archive,
      read: (key) => {
        asked.push(key);
        return archive.read(key);
      },
      list: (prefix, limit) => {
        asked.push(prefix);
        return archive.list(prefix, limit);
      },
    },
  };
}

describe('what was archived', () => {
  it('comes back byte for byte, with its outcome', async () => {
    const someHistory = fc.uniqueArray(
      fc.record({ entry: someEntry, outcome: fc.option(fc.constantFrom(...outcomes)) }),
      { selector: ({ entry }) => entry.id, maxLength: 20 },
    );
    await fc.assert(
      fc.asyncProperty(someHistory, async (history) => {
        const world = createArchiveWorld();
        for (const { entry, outcome } of history) {
          world.store.table.put(entryToRow(entry, { shards, retentionMs }));
          if (outcome !== null) await world.note(outcome, entry);
        }
        const times = history.map(({ entry }) => timeOfId(entry.id));
        const from = pageOf(Math.min(start, ...times));
        await world.store.advanceWatermark('archive', from, 4);
        world.clock.advance(6 * day);
        await world.closeUpTo(pageOf(world.clock.now()));
        await world.run();

        const reader = world.open();
        const found = await Promise.all(history.map(({ entry }) => reader.find(entry.id)));

        expect(found.map((one) => ({ entry: one?.entry, outcome: one?.outcome }))).toEqual(
          history.map(({ entry, outcome }) => ({ entry, outcome: outcome ?? 'unknown' })),
        );
      }),
      { numRuns: 30 },
    );
  });

  it('is found from its first hour on', async () => {
    const { world } = await archived();

    expect(await world.open().firstPage()).toBe(firstPage);
    expect(await createArchiveWorld().open().firstPage()).toBeUndefined();
  });

  it('is not that of another source', async () => {
    const { world } = await archived();
    const later = { ...world.ports, source: 'orders-test' };
    await world.archive.put(
      `${hourPrefix(later, '2020-01-01T00')}part-0000.ndjson.gz`,
      new Uint8Array(),
    );

    expect(await world.open().firstPage()).toBe(firstPage);
  });

  it('is read with one list a day and one read an object, whoever asks for its pages', async () => {
    const { world, entries } = await archived();
    const { archive, asked } = watched(world);
    const reader = world.open(archive);
    const pages = Array.from({ length: 120 }, (_, index) => pageAfter(firstPage, index));

    const read = await Promise.all(pages.map((page) => collect(reader.readPage(page))));

    expect(read.flat().map(({ entry }) => entry.id)).toEqual(entries.map(({ id }) => id));
    const next = hourPrefix(owner, hourOf(pageAfter(firstPage, 60)));
    expect(asked.toSorted()).toEqual(
      [
        'outbox/source=orders/date=2026-11-21/',
        `${folder}_manifest.json`,
        `${folder}part-0000.ndjson.gz`,
        `${next}_manifest.json`,
        `${next}part-0000.ndjson.gz`,
      ].toSorted(),
    );
  });

  it('costs a list where there is nothing', async () => {
    const { world } = await archived();
    const { archive, asked } = watched(world);

    expect(await world.open(archive).find(world.newId(start - day))).toBeUndefined();

    expect(asked).toEqual(['outbox/source=orders/date=2026-11-20/']);
  });
});

describe('an archive that somebody was at', () => {
  const readFirst = async (world: ArchiveWorld): Promise<ArchivedEntry[]> =>
    collect(world.open().readPage(firstPage));

  it('is not read where an object is another one', async () => {
    const { world } = await archived();
    const other = world.archive.objects.get(`${folder}_manifest.json`);
    await world.archive.put(`${folder}part-0000.ndjson.gz`, other!);

    await expect(readFirst(world)).rejects.toMatchObject({
      code: 'ARCHIVE_DAMAGED',
      details: { key: `${folder}part-0000.ndjson.gz` },
    });
  });

  it.each(['part-0000.ndjson.gz', '_manifest.json'])('is not read without its %s', async (name) => {
    const { world } = await archived();
    world.archive.objects.delete(`${folder}${name}`);

    await expect(readFirst(world)).rejects.toMatchObject({
      code: 'ARCHIVE_DAMAGED',
      details: { folder, name },
    });
  });

  /** Replaces the first part, and has the manifest say so. */
  async function forge(world: ArchiveWorld, body: Uint8Array): Promise<void> {
    const key = `${folder}_manifest.json`;
    const manifest = JSON.parse(Buffer.from(world.archive.objects.get(key)!).toString()) as {
      parts: { sha256: string }[];
    };
    manifest.parts[0]!.sha256 = sha256(body);
    await world.archive.put(key, Buffer.from(JSON.stringify(manifest)));
    await world.archive.put(`${folder}part-0000.ndjson.gz`, body);
  }

  const lineOf = (over: object): string => {
    const line = toArchiveLine({ entry: entryOf(firstId), outcome: 'published', outcomeAt: start });
    return JSON.stringify({ ...(JSON.parse(line) as object), ...over });
  };
  const firstId = countingIds()(start);

  it.each([
    ['no JSON', 'nonsense', /line 2 holds no valid entry: it is not a JSON object/],
    ['no object', 'null', /it is not a JSON object/],
    ['an id that is none', lineOf({ id: '1' }), /missing or malformed: id/],
    ['data that is no JSON', lineOf({ data: '{' }), /missing or malformed: data/],
    ['no aggregate', lineOf({ aggregate: 7 }), /missing or malformed: aggregate/],
    ['an outcome that is none', lineOf({ outcome: 'done' }), /it has an unknown outcome/],
    ['a time that is none', lineOf({ outcomeAt: 'soon' }), /outcomeAt is not a time/],
    ['a time that is a number', lineOf({ outcomeAt: 2026 }), /outcomeAt is not a time/],
    [
      'an entry of another page',
      lineOf({ id: countingIds()(start + 2 * hour) }),
      /is of another page/,
    ],
  ])('is refused where a line holds %s', async (_, line, message) => {
    const { world } = await archived();
    await forge(world, await packLines([lineOf({}), line]));

    await expect(readFirst(world)).rejects.toMatchObject({
      code: 'ARCHIVE_DAMAGED',
      message: expect.stringMatching(message) as string,
    });
  });

  it.each([
    [
      'becomes too large uncompressed',
      () => packLines([' '.repeat(65 * 1024 * 1024)]),
      /uncompressed/,
    ],
    ['is not compressed', () => Promise.resolve(Buffer.from('{}')), /not compressed with gzip/],
  ])('is refused where an object %s', async (_, body, message) => {
    const { world } = await archived();
    await forge(world, await body());

    await expect(readFirst(world)).rejects.toMatchObject({
      code: 'ARCHIVE_DAMAGED',
      message: expect.stringMatching(message) as string,
    });
  });

  it.each(['{', '{}', '[]', '{"parts":[{"first":1}]}'].map((text) => [text]))(
    'is refused where its manifest is %s',
    async (text) => {
      const { world } = await archived();
      await world.archive.put(`${folder}_manifest.json`, Buffer.from(text));

      await expect(readFirst(world)).rejects.toMatchObject({ code: 'ARCHIVE_DAMAGED' });
    },
  );

  it('is asked again after it could not be reached', async () => {
    const { world } = await archived();
    let isDown = true;
    const reader = world.open({
      ...world.archive,
      read: (key) => (isDown ? Promise.reject(new Error('down')) : world.archive.read(key)),
    });
    await expect(collect(reader.readPage(firstPage))).rejects.toThrow('down');
    isDown = false;

    expect(await collect(reader.readPage(firstPage))).toHaveLength(1);
  });
});
