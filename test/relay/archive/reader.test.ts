import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { hourOf, hourPrefix } from '../../../lib/contract/archive.ts';
import type { ArchivedEntry } from '../../../lib/contract/archive-line.ts';
import { entryToRow } from '../../../lib/contract/entry.ts';
import { pageAfter, pageOf, timeOfId } from '../../../lib/contract/keys.ts';
import type { Archive } from '../../../lib/relay/archive/ports.ts';
import { someEntry } from '../../support/arbitraries.ts';
import { retentionMs } from '../../support/entries.ts';
import { shards } from '../../support/world.ts';
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
function watched({ archive }: ArchiveWorld): { archive: Archive; asked: string[] } {
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
        await world.store.advanceWatermark('archive', from);
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
      facts: { key: `${folder}part-0000.ndjson.gz` },
    });
  });

  it.each(['part-0000.ndjson.gz', '_manifest.json'])('is not read without its %s', async (name) => {
    const { world } = await archived();
    world.archive.objects.delete(`${folder}${name}`);

    await expect(readFirst(world)).rejects.toMatchObject({
      code: 'ARCHIVE_DAMAGED',
      facts: { folder, name },
    });
  });

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
