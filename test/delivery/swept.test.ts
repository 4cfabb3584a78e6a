import type { DynamoDBRecord } from '../../lib/delivery/stream.ts';
import { beforeEach, describe, expect, it } from 'vitest';

import type { Entry } from '../../lib/table/entry.ts';
import { pageAfter, pageOf } from '../../lib/table/keys.ts';
import { shardOf } from '../../lib/core/collections.ts';
import { createRelay } from '../../lib/delivery/relay.ts';
import { createSweeper } from '../../lib/sweeper/sweeper.ts';
import { createSweepWorld, hour, minute, start, type SweepWorld } from '../support/sweep-world.ts';
import {
  accepts,
  insertOfEntry,
  scripted,
  shards,
  type ScriptedDestination,
} from '../support/world.ts';

const second = 1_000;

/** A record as the stream brings it of an entry that was written so long after its page began. */
function written(entry: Entry, afterMs: number): DynamoDBRecord {
  const { dynamodb, ...record } = insertOfEntry(entry);
  return {
    ...record,
    dynamodb: { ...dynamodb, ApproximateCreationDateTime: (start + afterMs) / 1000 },
  };
}

describe('a relay whose records are old', () => {
  let bus: ScriptedDestination;
  let world: SweepWorld;
  let looks: number;
  beforeEach(() => {
    bus = scripted({ decide: accepts });
    looks = 0;
    world = createSweepWorld([bus], (store) => ({
      ...store,
      readWatermark: (pass) => {
        looks += 1;
        return store.readWatermark(pass);
      },
    }));
  });
  const relay = (...Records: DynamoDBRecord[]) =>
    createRelay(world.ports)({ Records }, { getRemainingTimeInMillis: () => minute });

  it('passes by what the sweeper has settled: pages before its watermark', async () => {
    const entries = world.commit(3);
    await world.store.advanceWatermark('missed', pageAfter(pageOf(start), 1), 4);
    world.clock.advance(6 * hour);

    const answer = await relay(...entries.map((entry) => written(entry, 30 * second)));

    expect(answer).toEqual({ batchItemFailures: [] });
    expect(bus.arrived).toEqual([]);
  });

  it('does not say that it is behind where it has nothing to deliver', async () => {
    const [entry] = world.commit(1);
    await world.store.advanceWatermark('missed', pageAfter(pageOf(start), 1), 4);
    world.clock.advance(6 * hour);

    await relay(written(entry!, 30 * second));

    expect(await world.store.readLag(0)).toBeUndefined();
  });

  it('delivers what lies in a page that the sweeper has not come to', async () => {
    const [entry] = world.commit(1);
    await world.store.advanceWatermark('missed', pageOf(start), 4);
    world.clock.advance(6 * hour);

    await relay(written(entry!, 30 * second));

    expect(bus.arrived).toEqual([entry!.id]);
    expect(await world.store.readLag(0)).toMatchObject({ oldestAt: start + 30 * second });
  });

  it('delivers what was written so late that the sweeper may not have seen it', async () => {
    const [late, inTime] = world.commit(2);
    await world.store.advanceWatermark('missed', pageAfter(pageOf(start), 1), 4);
    world.clock.advance(6 * hour);

    await relay(written(late!, 121 * second), written(inTime!, 120 * second));

    expect(bus.arrived).toEqual([late!.id]);
  });

  it('delivers everything where no sweeper ever ran', async () => {
    const [entry] = world.commit(1);
    world.clock.advance(6 * hour);

    await relay(written(entry!, 0));

    expect(bus.arrived).toEqual([entry!.id]);
  });

  it('looks for a sweeper only then', async () => {
    const [fresh, old] = world.commit(2);
    world.clock.advance(2 * minute);

    await relay(written(fresh!, 30 * second));
    expect(looks).toBe(0);
    await relay(written(fresh!, 30 * second), written(old!, -1 * second));

    expect(looks).toBe(1);
  });

  it('delivers what lies in shards in which the sweeper did not look', async () => {
    const entries = world.commit(20, (index) => ({ aggregate: `order/${index}` }));
    const unseen = entries.filter(({ aggregate }) => shardOf(aggregate, shards) >= 2);
    // A sweeper that knew of two shards, where writers used four.
    await world.store.advanceWatermark('missed', pageAfter(pageOf(start), 1), 2);
    world.clock.advance(6 * hour);

    await relay(...entries.map((entry) => written(entry, 30 * second)));

    expect(unseen.length).toBeGreaterThan(3);
    expect(bus.arrived.toSorted()).toEqual(unseen.map(({ id }) => id).toSorted());
  });

  it('delivers them where the sweeper learnt of the shards only later', async () => {
    const entries = world.commit(20, (index) => ({ aggregate: `order/${index}` }));
    const unseen = entries.filter(({ aggregate }) => shardOf(aggregate, shards) >= 2);
    world.clock.advance(6 * hour);
    await world.store.advanceWatermark('missed', pageOf(world.clock.now()), 2);

    await createSweeper(world.ports)({ getRemainingTimeInMillis: () => minute });
    bus.arrived.length = 0;
    await relay(...entries.map((entry) => written(entry, 30 * second)));

    expect(bus.arrived.toSorted()).toEqual(unseen.map(({ id }) => id).toSorted());
  });
});
