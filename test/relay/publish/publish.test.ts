import { describe, expect, it } from 'vitest';

import type { Outcome, Outcomes, Outgoing } from '../../../lib/relay/destination.ts';
import { publish } from '../../../lib/relay/publish/publish.ts';
import {
  accepted,
  createFakeDestination,
  each,
  refused,
  sdkError,
  type Respond,
} from '../../support/fake-destination.ts';
import {
  eventId,
  history,
  outgoingOf,
  outgoingOfBytes,
  outgoingRange,
  publishPorts,
} from '../../support/outgoing.ts';

function statuses(outcomes: Outcomes): Outcome['status'][] {
  return [...outcomes.values()].map(({ status }) => status);
}

function ids(...numbers: number[]): string[] {
  return numbers.map(eventId);
}

/** Refuses the entry of `number`, accepts the others. */
function refusing(number: number, code: string): Respond {
  return each(({ entry }) => (entry.id === eventId(number) ? refused(code) : accepted));
}

describe('publishing', () => {
  it('sends nothing where there is nothing to send', async () => {
    const destination = createFakeDestination();

    expect(await publish(destination, [], publishPorts())).toEqual(new Map());
    expect(destination.calls).toEqual([]);
  });

  it('packs entries into full calls', async () => {
    const destination = createFakeDestination();

    const outcomes = await publish(destination, outgoingRange(25), publishPorts());

    expect(destination.calls.map((call) => call.length)).toEqual([10, 10, 5]);
    expect(statuses(outcomes)).toEqual(Array(25).fill('published'));
  });

  it('has at most ten calls under way', async () => {
    let underWay = 0;
    let most = 0;
    const destination = createFakeDestination(async (outgoing) => {
      underWay += 1;
      most = Math.max(most, underWay);
      await new Promise(setImmediate);
      underWay -= 1;
      return outgoing.map(() => accepted);
    });

    await publish(destination, outgoingRange(300), publishPorts());

    expect(most).toBe(10);
  });

  it('rejects an entry that is too large for a call without sending it', async () => {
    const destination = createFakeDestination(undefined, { maxBytesPerCall: 1_000 });
    const tooLarge = outgoingOfBytes(2, 1_000);

    const outcomes = await publish(destination, [outgoingOf(1), tooLarge], publishPorts());

    expect(destination.calls).toEqual([ids(1)]);
    expect(outcomes.get(eventId(1))).toEqual({ status: 'published' });
    expect(outcomes.get(eventId(2))).toMatchObject({
      status: 'rejected',
      error: { code: 'MESSAGE_TOO_LARGE', destination: 'fake' },
    });
    expect(JSON.stringify(outcomes.get(eventId(2)))).toContain(
      `${tooLarge.json.length} bytes, and fake takes 1000`,
    );
  });

  it('counts an entry that the answer does not mention as failed', async () => {
    const destination = createFakeDestination((outgoing) => outgoing.slice(1).map(() => accepted));

    const outcomes = await publish(destination, outgoingRange(3), publishPorts());

    expect(outcomes.get(eventId(3))).toMatchObject({
      status: 'failed',
      error: { code: 'NO_REPLY' },
    });
  });

  it('keeps what the destination said, but nothing that it quoted', async () => {
    const message = "Value '{\"secret\":1}' at 'detail' is malformed";
    const destination = createFakeDestination(
      each(() => ({ status: 'refused', code: 'MalformedDetail', message })),
    );

    const outcomes = await publish(destination, outgoingRange(1), publishPorts());

    expect(outcomes.get(eventId(1))).toMatchObject({
      error: { message: "Value at 'detail' is malformed" },
    });
  });

  it('logs ids and codes, never payloads', async () => {
    const ports = publishPorts();
    const destination = createFakeDestination((outgoing, call) => {
      if (call === 1) throw sdkError('ValidationException', 400);
      return outgoing.map(() => refused('InternalFailure'));
    });

    await publish(destination, outgoingRange(2), ports);

    expect(ports.lines.length).toBeGreaterThan(1);
    expect(JSON.stringify(ports.lines)).toContain(eventId(2));
    expect(JSON.stringify(ports.lines)).not.toContain('payload');
  });
});

describe('a quick try', () => {
  it('sends again only what was refused, until it goes', async () => {
    const destination = createFakeDestination((outgoing, call) =>
      outgoing.map(({ entry }) =>
        call < 3 && entry.id === eventId(2) ? refused('InternalFailure') : accepted,
      ),
    );

    const outcomes = await publish(destination, outgoingRange(3), publishPorts());

    expect(destination.calls).toEqual([ids(1, 2, 3), ids(2), ids(2)]);
    expect(statuses(outcomes)).toEqual(['published', 'published', 'published']);
  });

  it('ends after three tries in all', async () => {
    const destination = createFakeDestination(refusing(1, 'InternalFailure'));

    const outcomes = await publish(destination, outgoingRange(2), publishPorts());

    expect(destination.calls).toEqual([ids(1, 2), ids(1), ids(1)]);
    expect(statuses(outcomes)).toEqual(['failed', 'published']);
  });

  it('waits a random share of a bound that doubles', async () => {
    const ports = publishPorts({ random: () => 0.5 });

    await publish(createFakeDestination(refusing(1, 'InternalFailure')), outgoingRange(1), ports);

    expect(ports.sleeps).toEqual([25, 50]);
  });

  it('is not made for what was rejected', async () => {
    const destination = createFakeDestination(refusing(1, 'MalformedDetail'));

    const outcomes = await publish(destination, outgoingRange(2), publishPorts());

    expect(destination.calls).toEqual([ids(1, 2)]);
    expect(statuses(outcomes)).toEqual(['rejected', 'published']);
  });

  it('is not made when the wait would reach the deadline', async () => {
    const destination = createFakeDestination(refusing(1, 'InternalFailure'));

    await publish(destination, outgoingRange(1), publishPorts({ deadline: 25 }));

    expect(destination.calls).toHaveLength(1);
  });

  it('is made for each entry of a history in its turn', async () => {
    const refusals = new Map<string, number>();
    const destination = createFakeDestination(
      each(({ entry }) => {
        const before = refusals.get(entry.id) ?? 0;
        refusals.set(entry.id, before + 1);
        return before < 2 ? refused('InternalFailure') : accepted;
      }),
      { ordered: true },
    );

    const outcomes = await publish(destination, history('order/1', 3), publishPorts());

    expect(statuses(outcomes)).toEqual(['published', 'published', 'published']);
    expect(destination.calls.flat()).toEqual(ids(1, 1, 1, 2, 2, 2, 3, 3, 3));
  });
});

describe('the deadline', () => {
  it('lets no call start once it is reached', async () => {
    const destination = createFakeDestination();

    const outcomes = await publish(destination, outgoingRange(2), publishPorts({ deadline: 0 }));

    expect(destination.calls).toEqual([]);
    expect(outcomes.get(eventId(2))).toMatchObject({
      status: 'unavailable',
      error: { code: 'OUT_OF_TIME' },
    });
  });

  it('keeps what a slow destination took before it', async () => {
    const ports = publishPorts({ deadline: 250 });
    const destination = createFakeDestination(
      async (outgoing) => {
        await ports.clock.sleep(100);
        return outgoing.map(() => accepted);
      },
      { ordered: true },
    );

    const outcomes = await publish(destination, history('order/1', 5), ports);

    expect(statuses(outcomes)).toEqual([
      'published',
      'published',
      'published',
      'unavailable',
      'held',
    ]);
  });
});

describe('a call that is refused as a whole', () => {
  /** Refuses any call with the entry of `number` in it. */
  const refusingCallsWith =
    (number: number, error: Error): Respond =>
    (outgoing) => {
      if (outgoing.some(({ entry }) => entry.id === eventId(number))) throw error;
      return outgoing.map(() => accepted);
    };

  it('is split until the guilty entry is alone, which is rejected; the others go', async () => {
    const error = sdkError('ValidationException', 400);
    const destination = createFakeDestination(refusingCallsWith(3, error));

    const outcomes = await publish(destination, outgoingRange(4), publishPorts());

    expect(destination.calls).toEqual([ids(1, 2, 3, 4), ids(1, 2), ids(3, 4), ids(3), ids(4)]);
    expect(statuses(outcomes)).toEqual(['published', 'published', 'rejected', 'published']);
  });

  it('is split where the reason is unknown, and the one alone is tried again later', async () => {
    const error = sdkError('Novelty', 400);
    const destination = createFakeDestination(refusingCallsWith(2, error));

    const outcomes = await publish(destination, outgoingRange(3), publishPorts());

    expect(statuses(outcomes)).toEqual(['published', 'failed', 'published']);
    expect(outcomes.get(eventId(2))).toMatchObject({
      error: { code: 'Novelty', message: 'Novelty happened', destination: 'fake' },
    });
  });

  it('is not split where nobody can go: all are unavailable after three tries', async () => {
    const destination = createFakeDestination(() => {
      throw sdkError('AccessDeniedException', 400);
    });

    const outcomes = await publish(destination, outgoingRange(4), publishPorts());

    expect(destination.calls).toEqual([ids(1, 2, 3, 4), ids(1, 2, 3, 4), ids(1, 2, 3, 4)]);
    expect(statuses(outcomes)).toEqual(Array(4).fill('unavailable'));
  });

  it('leaves other calls alone', async () => {
    const destination = createFakeDestination(refusingCallsWith(1, sdkError('ETIMEDOUT', 503)));

    const outcomes = await publish(destination, outgoingRange(12), publishPorts());

    expect(statuses(outcomes)).toEqual([
      ...Array<string>(10).fill('unavailable'),
      ...Array<string>(2).fill('published'),
    ]);
  });
});

describe('an ordered destination', () => {
  const mixed = (): Outgoing[] => [
    ...history('order/1', 3, 1),
    ...history('order/2', 2, 4),
    outgoingOf(6, { aggregate: 'order/1' }),
    outgoingOf(7, { aggregate: 'order/1' }),
  ];

  it('gets one entry of each aggregate per round; those without sequence go at once', async () => {
    const destination = createFakeDestination(undefined, { ordered: true });

    await publish(destination, mixed(), publishPorts());

    expect(destination.calls).toEqual([ids(1, 4, 6, 7), ids(2, 5), ids(3)]);
  });

  it('gets no later entry of an aggregate whose earlier one is rejected', async () => {
    const destination = createFakeDestination(refusing(1, 'InvalidParameterValue'), {
      ordered: true,
    });

    const outcomes = await publish(destination, mixed(), publishPorts());

    expect(destination.calls).toEqual([ids(1, 4, 6, 7), ids(5)]);
    expect(outcomes.get(eventId(1))?.status).toBe('rejected');
    expect(outcomes.get(eventId(2))).toMatchObject({
      status: 'held',
      error: { code: 'HELD', destination: 'fake' },
    });
    expect(outcomes.get(eventId(3))?.status).toBe('held');
  });

  it('gets no later entry of an aggregate whose earlier one is too large', async () => {
    const entries = history('order/1', 3).map((one, index) =>
      index === 0 ? { ...one, json: 'x'.repeat(1_001) } : one,
    );
    const destination = createFakeDestination(undefined, { ordered: true, maxBytesPerCall: 1_000 });

    const outcomes = await publish(destination, entries, publishPorts());

    expect(destination.calls).toEqual([]);
    expect(statuses(outcomes)).toEqual(['rejected', 'held', 'held']);
  });

  it('gets the rest of an aggregate once a quick try brought the earlier one through', async () => {
    const destination = createFakeDestination(
      (outgoing, call) =>
        outgoing.map(() => (call === 1 ? refused('ThrottlingException') : accepted)),
      { ordered: true },
    );

    const outcomes = await publish(destination, history('order/1', 3), publishPorts());

    expect(destination.calls).toEqual([ids(1), ids(1), ids(2), ids(3)]);
    expect(statuses(outcomes)).toEqual(['published', 'published', 'published']);
  });
});

describe('telling an outage from a bad entry', () => {
  it.each(['InternalFailure', 'NotAuthorizedForSourceException', 'Novelty'])(
    'makes all unavailable where a destination refuses everyone with %s',
    async (code) => {
      const destination = createFakeDestination(each(() => refused(code)));

      const outcomes = await publish(destination, outgoingRange(25), publishPorts());

      expect(statuses(outcomes)).toEqual(Array(25).fill('unavailable'));
    },
  );

  it.each([
    ['InternalFailure', 'failed'],
    ['NotAuthorizedForSourceException', 'rejected'],
    ['MalformedDetail', 'rejected'],
    ['ThrottlingException', 'unavailable'],
    ['KmsDisabled', 'unavailable'],
  ])('judges one alone by its own code: %s', async (code, status) => {
    const destination = createFakeDestination(each(() => refused(code)));

    const outcomes = await publish(destination, [outgoingOf(1)], publishPorts());

    expect(statuses(outcomes)).toEqual([status]);
  });
});
