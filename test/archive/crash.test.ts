import { expect, it } from 'vitest';

import type { Entry } from '../../lib/table/entry.ts';
import { pageAfter, pageOf } from '../../lib/table/keys.ts';
import { dyingAt } from '../support/dying.ts';
import { Death } from '../support/mortal.ts';
import {
  collect,
  createArchiveWorld,
  day,
  hour,
  linesOf,
  minute,
  start,
  type ArchiveWorld,
} from './support.ts';

/** Less than a line: each is a part of its own. */
const fullPartBytes = 1;

/** Two hours with entries of several shards and pages, and one that left the waiting room late. */
async function twoHours() {
  const world = createArchiveWorld();
  const entries: Entry[] = [];
  for (let at = start; at < start + 2 * hour; at += 20 * minute) {
    entries.push(world.write({ aggregate: `order/${entries.length}` }, at));
  }
  await world.note('published', ...entries.slice(1));
  await world.closeUpTo(pageAfter(pageOf(start), 120));
  world.clock.advance(day + 4 * hour);
  // The first run walks over a day of empty hours: passed before, so that deaths are about what matters.
  await world.store.advanceWatermark('archive', pageOf(start), 4);
  const late = entries[0]!;
  await leaveLate(world, late);
  return { world, entries, late };
}

async function leaveLate({ store, clock, newId }: ArchiveWorld, entry: Entry): Promise<void> {
  const waiting = { entry, state: 'parked', dueAt: 1, attempts: 1, blocksLane: false } as const;
  await store.addWaiting([waiting]);
  const receipt = {
    id: newId(clock.now()),
    page: pageOf(start),
    outcome: 'published',
    time: clock.now(),
    eventIds: [entry.id],
    expiresAt: Math.ceil((clock.now() + day) / 1000),
  } as const;
  await store.removeWaiting(waiting, { receipt, isLate: true });
}

it.each([
  ['before', false],
  ['after', true],
])('a run that dies %s any of its calls is made up for by the next', async (_, afterTheCall) => {
  let deaths = 0;

  for (let call = 1; ; call++) {
    const { world, entries, late } = await twoHours();
    const dying = dyingAt(call, { afterTheCall });
    const ports = { store: dying.of(world.store), archive: dying.of(world.archive), fullPartBytes };
    await world.run(ports).catch((error: unknown) => {
      if (!(error instanceof Death)) throw error;
    });
    if (!dying.isDead()) break;
    deaths += 1;
    // The next one comes when the dead one's lease has ended.
    world.clock.advance(hour);
    await world.run({ fullPartBytes });

    const lines = (await linesOf(world)).map(({ entry }) => entry.id);
    expect(lines.toSorted()).toEqual([...entries, late].map(({ id }) => id).toSorted());
    expect(await readAll(world)).toEqual(entries.map(({ id }) => `${id} published`).toSorted());
  }
  expect(deaths).toBeGreaterThan(120);
});

/** Each entry of the two hours as a reader sees it. */
async function readAll(world: ArchiveWorld): Promise<string[]> {
  const reader = world.open();
  const pages = Array.from({ length: 120 }, (_, index) => pageAfter(pageOf(start), index));
  const found = await Promise.all(pages.map((page) => collect(reader.readPage(page))));
  return found
    .flat()
    .map(({ entry, outcome }) => `${entry.id} ${outcome}`)
    .toSorted();
}
