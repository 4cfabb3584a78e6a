import { describe, expect, it } from 'vitest';

import { toArchiveLine, lateToRow } from '../../lib/table/archive.ts';
import { pageAfter, pageOf } from '../../lib/table/keys.ts';
import { keyOfWaiting } from '../../lib/table/waiting.ts';
import { packLines } from '../../lib/archive/objects.ts';
import { discardEntries } from '../../lib/operate/change.ts';
import { settlementOf, type SettlementPorts } from '../../lib/sweeper/record.ts';
import type { Entry } from '../../lib/table/entry.ts';
import { retentionMs } from '../support/entries.ts';
import {
  collect,
  createArchiveWorld,
  day,
  folder,
  hour,
  linesOf,
  start,
  type ArchiveWorld,
} from './support.ts';

const archive = 's3://archive/outbox/';
const firstPage = pageOf(start);

function portsOf({ clock, newId }: ArchiveWorld): SettlementPorts {
  return { clock, newId, retentionMs, archive };
}

async function park({ store }: ArchiveWorld, entry: Entry, over: object = {}): Promise<void> {
  const waiting = { entry, state: 'parked', dueAt: 1, attempts: 5, blocksLane: false } as const;
  await store.addWaiting([{ ...waiting, ...over }]);
}

/** It is published after all, as the sweeper does it. */
async function leave(world: ArchiveWorld, entry: Entry): Promise<void> {
  const before = await world.store.getWaiting(keyOfWaiting(entry));
  await world.store.removeWaiting(before!, settlementOf(entry, undefined, portsOf(world)));
}

/** An hour with one parked entry, archived. */
async function archivedWhileItWaits() {
  const world = createArchiveWorld();
  const entry = world.write({ sequence: 3, data: '{"total": 1.10}' });
  await park(world, entry);
  await world.note('waiting', entry);
  world.clock.advance(day + 3 * hour);
  await world.closeUpTo(pageAfter(firstPage, 60));
  await world.run();
  return { world, entry };
}

describe('an entry that leaves the waiting room after its hour was archived', () => {
  it('comes to that hour with the next run, weeks later too', async () => {
    const { world, entry } = await archivedWhileItWaits();
    world.clock.advance(60 * day);
    world.expire();
    await leave(world, entry);

    expect(await world.run()).toMatchObject({ late: 1 });

    expect(world.archive.objects.has(`${folder}late-${entry.id}.ndjson.gz`)).toBe(true);
    expect(await world.open().find(entry.id)).toEqual({
      entry,
      outcome: 'published',
      outcomeAt: world.clock.now(),
    });
  });

  it('comes once', async () => {
    const { world, entry } = await archivedWhileItWaits();
    await leave(world, entry);
    await world.run();
    world.archive.objects.clear();

    expect(await world.run()).toMatchObject({ late: 0 });
    expect(world.archive.objects.size).toBe(0);
  });

  it('is read once, in the place of the line that says it waits', async () => {
    const { world, entry } = await archivedWhileItWaits();
    await leave(world, entry);
    await world.run();

    const read = await collect(world.open().readPage(firstPage));

    expect(read.map(({ outcome }) => outcome)).toEqual(['published']);
    expect((await linesOf(world)).map(({ outcome }) => outcome).toSorted()).toEqual([
      'published',
      'waiting',
    ]);
  });

  it('comes as discarded where a person gave it up', async () => {
    const { world, entry } = await archivedWhileItWaits();
    const before = await world.store.getWaiting(keyOfWaiting(entry));
    const operator = { by: 'ann', reason: 'because', notice: false };
    await discardEntries(operator, { ...portsOf(world), store: world.store })(before!);

    await world.run();

    expect(await world.open().find(entry.id)).toMatchObject({ outcome: 'discarded' });
  });

  it('comes where it was deferred and had no line at all', async () => {
    const world = createArchiveWorld();
    const entry = { ...world.write(), id: world.newId(start) };
    await park(world, entry, { notInPage: true });
    world.clock.advance(day + 3 * hour);
    await world.closeUpTo(pageAfter(firstPage, 60));
    await world.run();
    await leave(world, entry);

    await world.run();

    const read = await collect(world.open().readPage(firstPage));
    expect(read).toContainEqual({ entry, outcome: 'published', outcomeAt: world.clock.now() });
  });

  it('comes to an hour that had no entry before', async () => {
    const world = createArchiveWorld();
    const entry = { ...world.write({}, start - 2 * hour), id: world.newId(start) };
    await park(world, entry, { notInPage: true });
    world.clock.advance(day + 3 * hour);
    await world.closeUpTo(pageAfter(firstPage, 60));
    await leave(world, entry);

    await world.run();

    expect(await world.open().find(entry.id)).toMatchObject({ outcome: 'published' });
  });
});

describe('a late entry that the archiver did not write', () => {
  const bodyOf = (entry: Entry) =>
    packLines([toArchiveLine({ entry, outcome: 'published', outcomeAt: 1 })]);

  it('is passed by: neither replaces it a line nor does it add one', async () => {
    const { world, entry } = await archivedWhileItWaits();
    const forged = { ...entry, data: '{"total": 9000}' };
    const added = { ...forged, id: world.newId(start) };
    for (const one of [forged, added]) {
      await world.archive.put(`${folder}late-${one.id}.ndjson.gz`, await bodyOf(one));
    }

    expect(await collect(world.open().readPage(firstPage))).toMatchObject([
      { entry, outcome: 'waiting' },
    ]);
  });

  it('is refused where it was written over', async () => {
    const { world, entry } = await archivedWhileItWaits();
    await leave(world, entry);
    await world.run();
    const key = `${folder}late-${entry.id}.ndjson.gz`;
    await world.archive.put(key, await bodyOf({ ...entry, data: '{}' }));

    await expect(collect(world.open().readPage(firstPage))).rejects.toMatchObject({
      code: 'ARCHIVE_DAMAGED',
      details: { key },
    });
  });

  it('is missed where it was deleted', async () => {
    const { world, entry } = await archivedWhileItWaits();
    await leave(world, entry);
    await world.run();
    world.archive.objects.delete(`${folder}late-${entry.id}.ndjson.gz`);

    await expect(collect(world.open().readPage(firstPage))).rejects.toMatchObject({
      code: 'ARCHIVE_DAMAGED',
    });
  });
});

it('a late entry changes the outcome of a line, and nothing else of it', async () => {
  const { world, entry } = await archivedWhileItWaits();
  const row = lateToRow({
    entry: { ...entry, data: '{"total": 9000}' },
    ...{ outcome: 'published', outcomeAt: start, expiresAt: 9_999_999_999 },
  });
  world.store.table.put(row);

  await world.run();

  expect(await world.open().find(entry.id)).toMatchObject({ entry, outcome: 'published' });
});

describe('what is kept for the archive', () => {
  it('stays in the table until its hour was archived', async () => {
    const world = createArchiveWorld();
    const entry = world.write();
    await park(world, entry);
    world.clock.advance(day + 3 * hour);
    await leave(world, entry);

    expect(await world.run()).toMatchObject({ late: 0 });
    await world.closeUpTo(pageAfter(firstPage, 60));
    expect(await world.run()).toMatchObject({ late: 1 });

    expect(await collect(world.open().readPage(firstPage))).toHaveLength(1);
  });

  const ageOf = (world: ArchiveWorld, ms: number, over: Partial<SettlementPorts> = {}) => {
    const entry = world.write();
    world.clock.advance(ms);
    return settlementOf(entry, undefined, { ...portsOf(world), ...over }).isLate;
  };

  it('is what leaves a day or more after its time', () => {
    expect(ageOf(createArchiveWorld(), day + 1)).toBe(true);
  });

  it('is nothing younger, which is archived with its hour', () => {
    expect(ageOf(createArchiveWorld(), day)).toBeUndefined();
  });

  it('is nothing where there is no archive', () => {
    const world = createArchiveWorld();
    const entry = world.write();
    world.clock.advance(30 * day);
    const { clock, newId } = world;

    expect(settlementOf(entry, undefined, { clock, newId, retentionMs })).not.toHaveProperty(
      'isLate',
    );
  });
});
