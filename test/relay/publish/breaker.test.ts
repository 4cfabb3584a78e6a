import { beforeEach, describe, expect, it } from 'vitest';

import { withBreaker } from '../../../lib/relay/publish/breaker.ts';
import type { Destination } from '../../../lib/relay/destination.ts';
import { createVirtualClock, type VirtualClock } from '../../../lib/testing/virtual-clock.ts';
import {
  createFakeDestination,
  sdkError,
  type FakeDestination,
} from '../../support/fake-destination.ts';
import { outgoingOf } from '../../support/outgoing.ts';

describe('a destination with a breaker', () => {
  let clock: VirtualClock;
  let error: Error | undefined;
  let fake: FakeDestination;
  let destination: Destination;
  beforeEach(() => {
    clock = createVirtualClock(0);
    error = sdkError('TimeoutError');
    fake = createFakeDestination((outgoing) => {
      if (error !== undefined) throw error;
      return outgoing.map(() => ({ status: 'accepted' }));
    });
    destination = withBreaker(fake, { clock });
  });
  const send = async (times = 1): Promise<unknown[]> => {
    const results: unknown[] = [];
    for (let time = 0; time < times; time++) {
      results.push(await destination.send([outgoingOf(time)]).catch((thrown: unknown) => thrown));
    }
    return results;
  };

  it('is left alone after ten calls in a row that could not reach it', async () => {
    const results = await send(25);

    expect(fake.calls).toHaveLength(10);
    expect(results).toEqual(Array(25).fill(error));
  });

  it('is asked again after five seconds, by one call', async () => {
    await send(10);
    clock.advance(5_000);

    await send(3);

    expect(fake.calls).toHaveLength(11);
  });

  it('is as before once a call reached it', async () => {
    await send(10);
    clock.advance(5_000);
    error = undefined;
    await send();
    error = sdkError('TimeoutError');

    await send(9);

    expect(fake.calls).toHaveLength(20);
  });

  it('is not left alone where calls fail for another reason', async () => {
    error = sdkError('MalformedDetail');

    await send(25);

    expect(fake.calls).toHaveLength(25);
  });

  it('fails calls that are not made as one that could not reach it, whatever else was under way', async () => {
    const unreachable = sdkError('TimeoutError');
    const reached = Promise.withResolvers<never>();
    fake = createFakeDestination((outgoing) =>
      outgoing[0]?.entry.id === outgoingOf(99).entry.id
        ? reached.promise
        : Promise.reject(unreachable),
    );
    destination = withBreaker(fake, { clock });
    const underWay = destination.send([outgoingOf(99)]).catch((thrown: unknown) => thrown);
    await send(10);
    reached.reject(sdkError('MalformedDetail'));
    await underWay;

    expect(await send()).toEqual([unreachable]);
  });

  it('is otherwise the destination that it was', () => {
    expect(destination).toMatchObject({ name: fake.name, kind: fake.kind, ordered: fake.ordered });
  });
});
