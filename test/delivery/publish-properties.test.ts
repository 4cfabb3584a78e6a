import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import type { SendResults, Outgoing, Reply } from '../../lib/delivery/destination.ts';
import { publish } from '../../lib/delivery/publish.ts';
import {
  accepted,
  createFakeDestination,
  refused,
  sdkError,
  type FakeDestination,
} from '../support/fake-destination.ts';
import { history, outgoingOf, publishPorts } from '../support/outgoing.ts';

/** What happens to one entry, or to one whole call. `lost`: it went, but the answer did not come back. */
type Event = 'accept' | 'fail' | 'reject' | 'throttle' | 'silence' | 'break' | 'refuse' | 'lost';

const events = fc.infiniteStream(
  fc.oneof(
    { weight: 6, arbitrary: fc.constant<Event>('accept') },
    {
      weight: 1,
      arbitrary: fc.constantFrom<Event>('fail', 'reject', 'throttle', 'silence'),
    },
    { weight: 1, arbitrary: fc.constantFrom<Event>('break', 'refuse', 'lost') },
  ),
);

const replies: Partial<Record<Event, Reply>> = {
  accept: accepted,
  fail: refused('InternalFailure'),
  reject: refused('InvalidParameterValue'),
  throttle: refused('ThrottlingException'),
};

interface World {
  readonly destination: FakeDestination;
  /** Ids in the order in which the destination took them; twice if it took one twice. */
  readonly taken: string[];
  /** Ids of which we were told that they were taken. */
  readonly told: Set<string>;
  /** Ids that were sent although we had been told so. */
  readonly resent: string[];
  /** Lanes that had two entries under way at once. */
  readonly collisions: string[];
}

function laneOf({ entry }: Outgoing): string {
  return entry.sequence === undefined ? entry.id : entry.aggregate;
}

/** A destination to which everything happens that can. */
function createWorld(script: Iterator<Event>, ordered: boolean): World {
  const taken: string[] = [];
  const told = new Set<string>();
  const resent: string[] = [];
  const collisions: string[] = [];
  const underWay = new Set<string>();
  const next = (): Event => script.next().value as Event;
  const replyTo = ({ entry }: Outgoing, event: Event): Reply | undefined => {
    const reply = replies[event];
    if (reply === accepted || event === 'lost') taken.push(entry.id);
    if (reply === accepted) told.add(entry.id);
    return reply;
  };
  const destination = createFakeDestination(
    async (outgoing) => {
      resent.push(...outgoing.map(({ entry }) => entry.id).filter((id) => told.has(id)));
      for (const lane of outgoing.map(laneOf)) {
        if (underWay.has(lane)) collisions.push(lane);
        underWay.add(lane);
      }
      await new Promise(setImmediate);
      for (const lane of outgoing.map(laneOf)) underWay.delete(lane);
      const event = next();
      if (event === 'lost') taken.push(...outgoing.map(({ entry }) => entry.id));
      if (event === 'break' || event === 'lost') throw sdkError('TimeoutError');
      if (event === 'refuse') throw sdkError('ValidationException', 400);
      return outgoing.map((one) => replyTo(one, next()));
    },
    { ordered, maxEntriesPerCall: 4 },
  );
  return { destination, taken, told, resent, collisions };
}

/** Histories of some aggregates, shuffled into each other, and some entries without a sequence. */
const entries = fc
  .record({
    lengths: fc.array(fc.integer({ min: 1, max: 6 }), { maxLength: 6 }),
    loose: fc.integer({ min: 0, max: 4 }),
    order: fc.infiniteStream(fc.nat()),
  })
  .map(({ lengths, loose, order }) => {
    const histories = lengths.map((length, index) =>
      history(`order/${index}`, length, 1 + index * 10),
    );
    const single = Array.from({ length: loose }, (_, index) => [
      outgoingOf(100 + index, { aggregate: 'order/0' }),
    ]);
    return merge([...histories, ...single], order);
  });

function merge(lanes: readonly Outgoing[][], order: Iterator<number>): Outgoing[] {
  const merged: Outgoing[] = [];
  let open = lanes.map((lane) => [...lane]);
  while (open.length > 0) {
    const lane = open[(order.next().value as number) % open.length] ?? [];
    merged.push(...lane.splice(0, 1));
    open = open.filter((rest) => rest.length > 0);
  }
  return merged;
}

async function run(
  script: Iterator<Event>,
  { outgoing, ordered }: { outgoing: readonly Outgoing[]; ordered: boolean },
): Promise<World & { results: SendResults }> {
  const world = createWorld(script, ordered);
  return { ...world, results: await publish(world.destination, outgoing, publishPorts()) };
}

describe('whatever a destination does', () => {
  it('gives each entry one result: published if and only if the destination said so', async () => {
    await fc.assert(
      fc.asyncProperty(entries, events, fc.boolean(), async (outgoing, script, ordered) => {
        const { results, told } = await run(script, { outgoing, ordered });

        expect([...results.keys()].toSorted()).toEqual(
          outgoing.map(({ entry }) => entry.id).toSorted(),
        );
        for (const [id, { status }] of results) expect(status === 'published').toBe(told.has(id));
      }),
    );
  });

  it('never sends again what it knows to have gone, and nothing for ever', async () => {
    await fc.assert(
      fc.asyncProperty(entries, events, fc.boolean(), async (outgoing, script, ordered) => {
        const { destination, resent } = await run(script, { outgoing, ordered });

        expect(resent).toEqual([]);
        for (const { entry } of outgoing) {
          const calls = destination.calls.filter((ids) => ids.includes(entry.id));
          // Three tries, each in a call of four that may be split to two and to one.
          expect(calls.length).toBeLessThanOrEqual(9);
        }
      }),
    );
  });

  it('publishes on an ordered destination the first of each aggregate, in sequence, and holds those behind', async () => {
    await fc.assert(
      fc.asyncProperty(entries, events, async (outgoing, script) => {
        const { results, taken } = await run(script, { outgoing, ordered: true });

        for (const lane of Map.groupBy(outgoing, laneOf).values()) {
          const ids = lane.map(({ entry }) => entry.id);
          const firstTaken = [...new Set(taken.filter((id) => ids.includes(id)))];
          expect(firstTaken).toEqual(ids.slice(0, firstTaken.length));
          const statuses = ids.map((id) => results.get(id)?.status);
          const published = statuses.filter((status) => status === 'published').length;
          const held = statuses.filter((status) => status === 'held').length;
          expect(statuses.slice(0, published)).toEqual(Array(published).fill('published'));
          expect(held).toBe(Math.max(0, statuses.length - published - 1));
        }
      }),
    );
  });

  it('never has two entries of one aggregate under way at an ordered destination', async () => {
    await fc.assert(
      fc.asyncProperty(entries, events, async (outgoing, script) => {
        const { collisions } = await run(script, { outgoing, ordered: true });

        expect(collisions).toEqual([]);
      }),
    );
  });

  it('holds nothing at a destination without order', async () => {
    await fc.assert(
      fc.asyncProperty(entries, events, async (outgoing, script) => {
        const { results } = await run(script, { outgoing, ordered: false });

        expect([...results.values()].map(({ status }) => status)).not.toContain('held');
      }),
    );
  });
});
