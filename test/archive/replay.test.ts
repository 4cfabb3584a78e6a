import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import type { Entry } from '../../lib/table/entry.ts';
import { pageAfter, pageOf, timeOfId } from '../../lib/table/keys.ts';
import { createPace } from '../../lib/core/concurrency.ts';
import {
  countReplayable,
  runReplay,
  startReplay,
  type ReplayPorts,
} from '../../lib/operate/replay.ts';
import type { ReplaySource } from '../../lib/operate/replay-pages.ts';
import { accepts, refuses, scripted, shards, type Script } from '../support/world.ts';
import { createArchiveWorld, day, hour, minute, start, type ArchiveWorld } from './support.ts';

const request = { from: start, to: start + 6 * hour };

/** Six hours with an entry every ten minutes: all are archived, and the first have expired from the table. */
async function overTheSeam() {
  const world = createArchiveWorld();
  const entries: Entry[] = [];
  for (let at = start; at < request.to; at += 10 * minute) {
    entries.push(world.write({ sequence: entries.length + 1 }, at + 7));
  }
  await world.note('published', ...entries);
  await world.closeUpTo(pageAfter(pageOf(request.to), 1));
  world.clock.advance(day + 9 * hour);
  await world.run();
  world.clock.advance(13 * day - 5 * hour - 30 * minute);
  world.expire();
  return { world, entries };
}

/** Where a replay of the world reads. */
function sourceOf({ store, clock, ports, open }: ArchiveWorld): ReplaySource {
  const { retentionMs } = ports;
  const isArchived = async (page: string) => page < ((await store.readWatermark('archive')) ?? '');
  const rest = { retentionMs, archive: open(), isArchived };
  return { store, shardCounts: [shards], clock, createdPage: pageOf(start), ...rest };
}

async function replay(
  world: ArchiveWorld,
  decide: Script = accepts,
  { over = {}, ports: given = {} }: { over?: object; ports?: Partial<ReplayPorts> } = {},
) {
  const sent: { id: string; replayId: unknown; skipped: unknown }[] = [];
  const destination = scripted({
    decide: (outgoing) => {
      const reply = decide(outgoing);
      const { id, replayid, skipped } = JSON.parse(outgoing.json) as Record<string, string>;
      if (reply.status === 'accepted') sent.push({ id: id ?? '', replayId: replayid, skipped });
      return reply;
    },
  });
  const { store, clock, newId, log } = world;
  const ports: ReplayPorts = {
    source: sourceOf(world),
    destinations: [destination],
    clock,
    random: () => 0.5,
    log,
    messageSource: 'orders',
    pace: createPace(100_000, clock),
    ...given,
  };
  const options = { again: false, abandon: false, by: 'ann' };
  const asked = { ...request, ...over };
  const begun = await startReplay(asked, options, { store, newId, now: clock.now() });
  if (begun.status === 'overlaps') throw new Error('another replay is not finished');
  const { note } = begun;
  let expired = 0;
  for await (const page of runReplay(asked, note, ports)) {
    if (page.isExpired) expired += 1;
    if (page.stoppedBy !== undefined) break;
  }
  return { sent, note, expired };
}

const idsOf = (entries: readonly { id: string }[]) => entries.map(({ id }) => id);

describe('a replay over the seam between archive and table', () => {
  it('sends each entry once, in its order, with the marks of the one replay', async () => {
    const { world, entries } = await overTheSeam();
    const kept = world.clock.now() - world.ports.retentionMs;
    const gone = entries.filter(({ id }) => timeOfId(id) < kept);
    expect(gone.length).toBeGreaterThan(6);
    expect(gone.length).toBeLessThan(entries.length);

    const { sent, note } = await replay(world);

    expect(idsOf(sent)).toEqual(idsOf(entries));
    expect(new Set(sent.map(({ replayId }) => replayId))).toEqual(new Set([note.replayId]));
  });

  it('is counted as it is sent', async () => {
    const { world, entries } = await overTheSeam();

    const count = await countReplayable(request, {
      source: sourceOf(world),
      destinations: [{}],
    });

    expect(count).toMatchObject({ entries: entries.length, pages: 360 });
  });

  it('takes of the archive too only what is asked for', async () => {
    const { world, entries } = await overTheSeam();

    const { sent } = await replay(world, accepts, {
      over: { from: start + 8, to: start + 40 * minute },
    });

    expect(idsOf(sent)).toEqual(idsOf(entries.slice(1, 4)));
  });

  it('goes on from an archived page where it stopped', async () => {
    const { world, entries } = await overTheSeam();
    const stopsAt = entries[3]!.id;
    const stops: Script = (one) => (one.entry.id === stopsAt ? refuses('Odd')(one) : accepts(one));
    const first = await replay(world, stops);

    const second = await replay(world);

    expect(idsOf([...first.sent, ...second.sent])).toEqual(idsOf(entries));
    expect(second.note.replayId).toBe(first.note.replayId);
  });

  it('sends each entry once, in order, though entries expire while it is counted and runs', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 5 * 60 }),
        fc.integer({ min: 0, max: 20 * 60 }),
        async (countingMinutes, minutesPerEntry) => {
          const { world, entries } = await overTheSeam();
          const pass = (ms: number): void => {
            world.clock.advance(ms);
            world.expire();
          };
          pass(countingMinutes * minute);
          const pace = (): Promise<void> => {
            pass(minutesPerEntry * minute);
            return Promise.resolve();
          };

          const { sent, expired } = await replay(world, accepts, { ports: { pace } });

          expect(idsOf(sent)).toEqual(idsOf(entries));
          expect(expired).toBe(0);
        },
      ),
      { numRuns: 10 },
    );
  });

  it('tells of pages that expired while it ran and are in no archive', async () => {
    const { world, entries } = await overTheSeam();
    const { store, shardCounts, clock, retentionMs, createdPage } = sourceOf(world);
    const source = { store, shardCounts, clock, retentionMs, createdPage };
    const kept = world.clock.now() - world.ports.retentionMs;
    const left = entries.filter(({ id }) => timeOfId(id) >= kept);
    const pace = (): Promise<void> => {
      world.clock.advance(15 * minute);
      world.expire();
      return Promise.resolve();
    };

    const { sent, expired } = await replay(world, accepts, { ports: { source, pace } });

    expect(sent.length).toBeLessThan(left.length);
    expect(expired).toBeGreaterThanOrEqual(left.length - sent.length);
  });

  it('takes from the archive what a young table never had, and from the table what only it has', async () => {
    const { world, entries } = await overTheSeam();
    const onlyInTable = world.write({ sequence: entries.length + 1 }, request.to - minute);
    await world.note('published', onlyInTable);
    const source = { ...sourceOf(world), createdPage: pageOf(world.clock.now()) };

    const { sent } = await replay(world, accepts, { ports: { source } });

    expect(idsOf(sent)).toEqual([...idsOf(entries), onlyInTable.id]);
  });
});

it('what waited when it was archived is left alone; what was given up passes its sequence on', async () => {
  const world = createArchiveWorld();
  const [waiting, discarded, unnumbered, unknown] = [
    world.write({ sequence: 1 }),
    world.write({ sequence: 2 }),
    world.write(),
    world.write({ sequence: 3 }),
  ];
  await world.note('waiting', waiting);
  await world.note('discarded', discarded, unnumbered);
  await world.closeUpTo(pageAfter(pageOf(start), 60));
  world.clock.advance(day + 3 * hour);
  await world.run();
  world.clock.advance(30 * day);
  world.expire();

  const { sent } = await replay(world);

  expect(sent).toMatchObject([
    { id: discarded.id, skipped: true },
    { id: unknown.id, skipped: undefined },
  ]);
});
