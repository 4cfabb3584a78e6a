import { describe, expect, it } from 'vitest';

import type { SendResults, Outgoing } from '../../lib/delivery/destination.ts';
import { publish } from '../../lib/delivery/publish.ts';
import type { Rig, Service, Verdict } from '../support/destination-rigs.ts';
import { sdkError } from '../support/fake-destination.ts';
import {
  eventId,
  history,
  outgoingOf,
  outgoingOfBytes,
  outgoingRange,
  publishPorts,
} from '../support/outgoing.ts';

/** What every destination must do, whatever its service. */
export function testDestination(rig: Rig): void {
  describe(`${rig.title} as a destination`, () => {
    testAnswers(rig);
    testCalls(rig);
    testSizes(rig);
    if (rig.config.ordered) testOrder(rig);
    else testFlow(rig);

    it('is called as it was configured', () => {
      const { name, kind, ordered, types } = rig.config;

      expect(rig.open().destination).toMatchObject({ name, kind, ordered, types });
    });
  });
}

interface Run {
  readonly results: SendResults;
  /** Event ids of each call. */
  readonly calls: string[][];
}

/** Publishes to the rig's destination, on a service that may also throw. */
async function run(rig: Rig, outgoing: readonly Outgoing[], service: Service): Promise<Run> {
  const calls: string[][] = [];
  const { destination } = rig.open((ids) => {
    calls.push([...ids]);
    return service(ids);
  });
  return { results: await publish(destination, outgoing, publishPorts()), calls };
}

/** Verdicts by number; the others are accepted. */
function verdicts(byNumber: Readonly<Record<number, Verdict>>): Service {
  const byId = new Map(
    Object.entries(byNumber).map(([number, verdict]) => [eventId(Number(number)), verdict]),
  );
  return (ids) => ids.map((id) => byId.get(id) ?? 'accept');
}

/** The numbers of the entries with this result. */
function numbersOf(results: SendResults, status: string): number[] {
  return [...results]
    .filter(([, result]) => result.status === status)
    .map(([id]) => Number.parseInt(id.slice(-12), 16));
}

function timesSent({ calls }: Run, number: number): number {
  return calls.flat().filter((id) => id === eventId(number)).length;
}

function testAnswers(rig: Rig): void {
  it('publishes what the service accepts, each once', async () => {
    const done = await run(rig, outgoingRange(25), verdicts({}));

    expect(numbersOf(done.results, 'published')).toHaveLength(25);
    expect(done.calls.map((call) => call.length)).toEqual([10, 10, 5]);
  });

  it('rejects exactly the entries that the service finds bad, whatever the order of its answer', async () => {
    const bad = { code: 'InvalidParameterValue' };

    const done = await run(rig, outgoingRange(10), verdicts({ 2: bad, 3: bad, 9: bad }));

    expect(numbersOf(done.results, 'rejected')).toEqual([2, 3, 9]);
    expect(numbersOf(done.results, 'published')).toHaveLength(7);
    expect(done.calls).toHaveLength(1);
    expect(done.results.get(eventId(9))).toMatchObject({
      error: { code: 'InvalidParameterValue', message: 'refused', destination: rig.config.name },
    });
  });

  it('tries again exactly the entries that failed in passing', async () => {
    const done = await run(rig, outgoingRange(4), verdicts({ 3: { code: 'InternalFailure' } }));

    expect(numbersOf(done.results, 'failed')).toEqual([3]);
    expect([1, 2, 3, 4].map((number) => timesSent(done, number))).toEqual([1, 1, 3, 1]);
  });

  it('does not take silence for acceptance', async () => {
    const done = await run(rig, outgoingRange(4), verdicts({ 2: 'silence', 4: 'silence' }));

    expect(numbersOf(done.results, 'published')).toEqual([1, 3]);
    expect(numbersOf(done.results, 'failed')).toEqual([2, 4]);
  });
}

function testCalls(rig: Rig): void {
  it.each([
    { name: 'TimeoutError', sizes: [3, 1, 1, 1] },
    { name: 'AccessDeniedException', sizes: [3, 1, 1, 1] },
    { name: 'ThrottlingException', sizes: [3, 3, 3] },
  ])('is unavailable while its calls throw: $name', async ({ name, sizes }) => {
    const done = await run(rig, outgoingRange(3), () => {
      throw sdkError(name);
    });

    expect(numbersOf(done.results, 'unavailable')).toEqual([1, 2, 3]);
    expect(done.calls.map((call) => call.length)).toEqual(sizes);
  });

  it('gets over a passing throttle', async () => {
    const tries = new Map<string, number>();
    const throttledOnce: Service = (ids) =>
      ids.map((id) => {
        tries.set(id, (tries.get(id) ?? 0) + 1);
        return tries.get(id) === 1 ? { code: 'ThrottlingException' } : 'accept';
      });

    const done = await run(rig, outgoingRange(3), throttledOnce);

    expect(numbersOf(done.results, 'published')).toEqual([1, 2, 3]);
  });

  it('finds the one entry for which a call is refused as a whole', async () => {
    const done = await run(rig, outgoingRange(10), (ids) => {
      if (ids.includes(eventId(7))) throw sdkError('ValidationException', 400);
      return ids.map(() => 'accept');
    });

    expect(numbersOf(done.results, 'rejected')).toEqual([7]);
    expect(numbersOf(done.results, 'published')).toHaveLength(9);
  });

  it('is unavailable when it refuses everyone alike', async () => {
    const done = await run(rig, outgoingRange(12), (ids) =>
      ids.map(() => ({ code: 'AccessDeniedException' })),
    );

    expect(numbersOf(done.results, 'unavailable')).toHaveLength(12);
  });
}

function testSizes(rig: Rig): void {
  const { destination } = rig.open();
  const overhead = destination.sizeOf(outgoingOfBytes(1, 0));
  const room = destination.maxBytesPerCall - overhead;

  it('sends an entry that just fills a call, and rejects one a byte larger unsent', async () => {
    const outgoing = [outgoingOfBytes(1, room), outgoingOfBytes(2, room + 1)];

    const done = await run(rig, outgoing, verdicts({}));

    expect(numbersOf(done.results, 'published')).toEqual([1]);
    expect(done.results.get(eventId(2))).toMatchObject({
      status: 'rejected',
      error: { code: 'MESSAGE_TOO_LARGE' },
    });
    expect(done.calls).toEqual([[eventId(1)]]);
  });

  it('keeps its calls within their bytes', async () => {
    const third = Math.floor(destination.maxBytesPerCall / 3);
    const outgoing = [1, 2, 3, 4].map((number) => outgoingOfBytes(number, third));

    const done = await run(rig, outgoing, verdicts({}));

    expect(done.calls.map((call) => call.length)).toEqual([2, 2]);
  });

  it('counts bytes, not characters', () => {
    const ascii = destination.sizeOf(outgoingOf(1, { data: '"e"' }));
    const accented = destination.sizeOf(outgoingOf(1, { data: '"é"' }));

    expect(accented - ascii).toBe(1);
  });
}

function testOrder(rig: Rig): void {
  it('never sends a later entry of an aggregate after one that did not go', async () => {
    const outgoing = [...history('order/a', 4, 1), ...history('order/b', 2, 5)];

    const done = await run(rig, outgoing, verdicts({ 2: { code: 'InvalidParameterValue' } }));

    expect(done.calls.flat()).toEqual([1, 5, 2, 6].map(eventId));
    expect(numbersOf(done.results, 'published')).toEqual([1, 5, 6]);
    expect(numbersOf(done.results, 'rejected')).toEqual([2]);
    expect(numbersOf(done.results, 'held')).toEqual([3, 4]);
  });
}

function testFlow(rig: Rig): void {
  it('lets later entries of an aggregate flow past one that did not go', async () => {
    const done = await run(
      rig,
      history('order/a', 3),
      verdicts({ 1: { code: 'InvalidParameterValue' } }),
    );

    expect(numbersOf(done.results, 'published')).toEqual([2, 3]);
  });
}
