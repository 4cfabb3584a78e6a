import { describe, expect, it } from 'vitest';

import type { Outgoing, Reply, SendResult, SendResults } from '../../lib/delivery/destination.ts';
import { createBreaker } from '../../lib/delivery/classify.ts';
import { publish } from '../../lib/delivery/publish.ts';
import {
  accepted,
  createFakeDestination,
  each,
  refused,
  sdkError,
  type Respond,
} from '../support/fake-destination.ts';
import {
  eventId,
  history,
  outgoingOf,
  outgoingOfBytes,
  outgoingRange,
  publishPorts,
} from '../support/outgoing.ts';

function statuses(results: SendResults): SendResult['status'][] {
  return [...results.values()].map(({ status }) => status);
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

    const results = await publish(destination, outgoingRange(25), publishPorts());

    expect(destination.calls.map((call) => call.length)).toEqual([10, 10, 5]);
    expect(statuses(results)).toEqual(Array(25).fill('published'));
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

    const results = await publish(destination, [outgoingOf(1), tooLarge], publishPorts());

    expect(destination.calls).toEqual([ids(1)]);
    expect(results.get(eventId(1))).toEqual({ status: 'published' });
    expect(results.get(eventId(2))).toMatchObject({
      status: 'rejected',
      error: { code: 'MESSAGE_TOO_LARGE', destination: 'fake' },
    });
    expect(JSON.stringify(results.get(eventId(2)))).toContain(
      `${tooLarge.json.length} bytes, and fake takes 1000`,
    );
  });

  it('counts an entry that the answer does not mention as failed', async () => {
    const destination = createFakeDestination((outgoing) => outgoing.slice(1).map(() => accepted));

    const results = await publish(destination, outgoingRange(3), publishPorts());

    expect(results.get(eventId(3))).toMatchObject({
      status: 'failed',
      error: { code: 'NO_REPLY' },
    });
  });

  it('keeps what the destination said, but nothing that it quoted', async () => {
    const message = "Value '{\"secret\":1}' at 'detail' is malformed";
    const destination = createFakeDestination(
      each(() => ({ status: 'refused', code: 'MalformedDetail', message })),
    );

    const results = await publish(destination, outgoingRange(1), publishPorts());

    expect(results.get(eventId(1))).toMatchObject({
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

    const results = await publish(destination, outgoingRange(3), publishPorts());

    expect(destination.calls).toEqual([ids(1, 2, 3), ids(2), ids(2)]);
    expect(statuses(results)).toEqual(['published', 'published', 'published']);
  });

  it('ends after three tries in all', async () => {
    const destination = createFakeDestination(refusing(1, 'InternalFailure'));

    const results = await publish(destination, outgoingRange(2), publishPorts());

    expect(destination.calls).toEqual([ids(1, 2), ids(1), ids(1)]);
    expect(statuses(results)).toEqual(['failed', 'published']);
  });

  it('waits a random share of a bound that doubles', async () => {
    const ports = publishPorts({ random: () => 0.5 });

    await publish(createFakeDestination(refusing(1, 'InternalFailure')), outgoingRange(1), ports);

    expect(ports.sleeps).toEqual([25, 50]);
  });

  it('is not made for what was rejected', async () => {
    const destination = createFakeDestination(refusing(1, 'MalformedDetail'));

    const results = await publish(destination, outgoingRange(2), publishPorts());

    expect(destination.calls).toEqual([ids(1, 2)]);
    expect(statuses(results)).toEqual(['rejected', 'published']);
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

    const results = await publish(destination, history('order/1', 3), publishPorts());

    expect(statuses(results)).toEqual(['published', 'published', 'published']);
    expect(destination.calls.flat()).toEqual(ids(1, 1, 1, 2, 2, 2, 3, 3, 3));
  });
});

describe('the deadline', () => {
  it('lets no call start once it is reached', async () => {
    const destination = createFakeDestination();

    const results = await publish(destination, outgoingRange(2), publishPorts({ deadline: 0 }));

    expect(destination.calls).toEqual([]);
    expect(results.get(eventId(2))).toMatchObject({
      status: 'not-attempted',
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

    const results = await publish(destination, history('order/1', 5), ports);

    expect(statuses(results)).toEqual([
      'published',
      'published',
      'published',
      'not-attempted',
      'held',
    ]);
  });
});

/** Refuses any call with one of the entries of `numbers` in it. */
function failingWith(numbers: readonly number[], error: Error): Respond {
  const bad = new Set(numbers.map(eventId));
  return (outgoing) => {
    if (outgoing.some(({ entry }) => bad.has(entry.id))) throw error;
    return outgoing.map(() => accepted);
  };
}

describe('a call that fails as a whole', () => {
  it.each([
    { name: 'ValidationException', httpStatus: 400, status: 'rejected' },
    { name: 'InvalidMessageContents', httpStatus: 400, status: 'rejected' },
    { name: 'RequestEntityTooLargeException', httpStatus: 413, status: 'rejected' },
    { name: 'Novelty', httpStatus: 400, status: 'failed' },
    { name: 'AccessDeniedException', httpStatus: 403, status: 'failed' },
    { name: 'InternalException', httpStatus: 500, status: 'failed' },
    { name: 'TimeoutError', httpStatus: undefined, status: 'failed' },
    { name: 'ECONNRESET', httpStatus: 502, status: 'failed' },
  ])(
    'with $name because of one entry keeps no other back: that one is $status',
    async ({ name, httpStatus, status }) => {
      const destination = createFakeDestination(failingWith([3], sdkError(name, httpStatus)));

      const results = await publish(destination, outgoingRange(10), publishPorts());

      expect(results.get(eventId(3))).toMatchObject({ status, error: { code: name } });
      expect(statuses(results).filter((one) => one === 'published')).toHaveLength(9);
    },
  );

  it('sends its entries alone, each once', async () => {
    const error = sdkError('MessageTooLong', 400);
    const destination = createFakeDestination(failingWith([3], error));

    await publish(destination, outgoingRange(4), publishPorts());

    expect(destination.calls).toEqual([ids(1, 2, 3, 4), ids(1), ids(2), ids(3), ids(4)]);
  });

  it('has its entries sent alone forty at a time, since each may run into a time-out', async () => {
    let underWay = 0;
    let most = 0;
    const destination = createFakeDestination(async (outgoing) => {
      if (outgoing.length > 1) throw sdkError('TimeoutError');
      underWay += 1;
      most = Math.max(most, underWay);
      await new Promise(setImmediate);
      underWay -= 1;
      return [accepted];
    });

    await publish(destination, outgoingRange(100), publishPorts({ lastAcceptedAt: () => 0 }));

    expect(most).toBe(40);
  });

  it('is no outage where each call holds one bad entry and the destination takes all others', async () => {
    const bad = [4, 14, 24, 34];
    const error = sdkError('AccessDeniedException', 403);
    const destination = createFakeDestination(failingWith(bad, error));

    const results = await publish(destination, outgoingRange(40), publishPorts());

    const failed = [...results].filter(([, { status }]) => status !== 'published');
    expect(failed.map(([id]) => id)).toEqual(bad.map(eventId));
    expect(new Set(failed.map(([, { status }]) => status))).toEqual(new Set(['failed']));
  });

  it('shows an outage by a sample of ten: all are unavailable, and no more calls are made', async () => {
    const destination = createFakeDestination(() => {
      throw sdkError('AccessDeniedException', 403);
    });

    const results = await publish(destination, outgoingRange(500), publishPorts());

    expect(statuses(results)).toEqual(Array(500).fill('unavailable'));
    expect(destination.calls.map((call) => call.length)).toEqual([
      ...Array<number>(10).fill(10),
      ...Array<number>(10).fill(1),
    ]);
  });

  it('is followed by the calls that were spared once a sample went through', async () => {
    const destination = createFakeDestination((outgoing, call) => {
      if (call <= 10) throw sdkError('ECONNREFUSED', 503);
      return outgoing.map(() => accepted);
    });

    const results = await publish(destination, outgoingRange(200), publishPorts());

    expect(new Set(statuses(results))).toEqual(new Set(['published']));
  });

  it('ends with an outage that begins in the middle', async () => {
    const destination = createFakeDestination((outgoing, call) => {
      if (call > 12) throw sdkError('ECONNREFUSED', 503);
      return outgoing.map(() => accepted);
    });

    const results = await publish(destination, outgoingRange(300), publishPorts());

    expect(statuses(results).filter((status) => status === 'published')).toHaveLength(120);
    expect(new Set(statuses(results))).toEqual(new Set(['published', 'unavailable']));
    expect(destination.calls.length).toBeLessThan(50);
  });

  it('is not split where it was throttled: the same call is tried again', async () => {
    const destination = createFakeDestination((outgoing, call) => {
      if (call < 3) throw sdkError('ThrottlingException', 400);
      return outgoing.map(() => accepted);
    });

    const results = await publish(destination, outgoingRange(4), publishPorts());

    expect(destination.calls.map((call) => call.length)).toEqual([4, 4, 4]);
    expect(new Set(statuses(results))).toEqual(new Set(['published']));
  });

  it('tries an entry again that is alone, as long as it did not time out', async () => {
    const flaky = createFakeDestination((outgoing, call) => {
      if (call < 3) throw sdkError('ECONNRESET', 503);
      return outgoing.map(() => accepted);
    });
    const slow = createFakeDestination(() => {
      throw sdkError('TimeoutError');
    });

    expect(statuses(await publish(flaky, outgoingRange(1), publishPorts()))).toEqual(['published']);
    expect(statuses(await publish(slow, outgoingRange(1), publishPorts()))).toEqual([
      'unavailable',
    ]);
    expect(slow.calls).toHaveLength(1);
  });

  it('that timed out has its entries sent once more at most', async () => {
    const destination = createFakeDestination(() => {
      throw sdkError('TimeoutError');
    });

    await publish(destination, outgoingRange(10), publishPorts());

    for (const id of ids(...Array(10).keys()).slice(1)) {
      expect(destination.calls.filter((call) => call.includes(id))).toHaveLength(2);
    }
  });
});

describe('a breaker', () => {
  it('spares callers a destination that was found to be down, for five seconds', async () => {
    let isDown = true;
    const destination = createFakeDestination((outgoing) => {
      if (isDown) throw sdkError('ECONNREFUSED', 503);
      return outgoing.map(() => accepted);
    });
    const ports = publishPorts();
    const spared = { ...ports, breaker: createBreaker(ports) };
    await publish(destination, outgoingRange(10), spared);
    const calls = destination.calls.length;
    isDown = false;

    const results = await publish(destination, outgoingRange(10), spared);
    expect(statuses(results)).toEqual(Array(10).fill('unavailable'));
    expect(results.get(eventId(1))).toMatchObject({ error: { code: 'ECONNREFUSED' } });
    expect(destination.calls).toHaveLength(calls);

    await ports.clock.sleep(5_000);
    const after = await publish(destination, outgoingRange(10), spared);
    expect(new Set(statuses(after))).toEqual(new Set(['published']));
  });

  it('does not spare them one that refuses single entries', async () => {
    const destination = createFakeDestination(failingWith([1], sdkError('InternalException', 500)));
    const ports = publishPorts();
    const spared = { ...ports, breaker: createBreaker(ports) };

    await publish(destination, outgoingRange(10), spared);

    expect(statuses(await publish(destination, [outgoingOf(2)], spared))).toEqual(['published']);
  });

  it('leaves the destination to callers again after a reset', () => {
    const ports = publishPorts();
    const breaker = createBreaker(ports);
    breaker.trip('bus', { fault: 'destination', isTimeout: false, code: 'X', message: '' });

    breaker.reset();

    expect(breaker.failureOf('bus')).toBeUndefined();
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

    const results = await publish(destination, mixed(), publishPorts());

    expect(destination.calls).toEqual([ids(1, 4, 6, 7), ids(5)]);
    expect(results.get(eventId(1))?.status).toBe('rejected');
    expect(results.get(eventId(2))).toMatchObject({
      status: 'held',
      error: { code: 'HELD', destination: 'fake' },
    });
    expect(results.get(eventId(3))?.status).toBe('held');
  });

  it('gets no later entry of an aggregate whose earlier one is too large', async () => {
    const entries = history('order/1', 3).map((one, index) =>
      index === 0 ? { ...one, json: 'x'.repeat(1_001) } : one,
    );
    const destination = createFakeDestination(undefined, { ordered: true, maxBytesPerCall: 1_000 });

    const results = await publish(destination, entries, publishPorts());

    expect(destination.calls).toEqual([]);
    expect(statuses(results)).toEqual(['rejected', 'held', 'held']);
  });

  it('gets the rest of an aggregate once a quick try brought the earlier one through', async () => {
    const destination = createFakeDestination(
      (outgoing, call) =>
        outgoing.map(() => (call === 1 ? refused('ThrottlingException') : accepted)),
      { ordered: true },
    );

    const results = await publish(destination, history('order/1', 3), publishPorts());

    expect(destination.calls).toEqual([ids(1), ids(1), ids(2), ids(3)]);
    expect(statuses(results)).toEqual(['published', 'published', 'published']);
  });
});

describe('telling an outage from a bad entry', () => {
  it.each(['InternalFailure', 'NotAuthorizedForSourceException', 'Novelty', 'ThrottlingException'])(
    'makes all unavailable where a destination refuses ten or more with %s',
    async (code) => {
      const destination = createFakeDestination(each(() => refused(code)));

      const results = await publish(destination, outgoingRange(25), publishPorts());

      expect(statuses(results)).toEqual(Array(25).fill('unavailable'));
    },
  );

  it.each([
    'InvalidParameter',
    'InvalidParameterValue',
    'InvalidArgument',
    'ValidationException',
    'InvalidParameterCombination',
  ])(
    'makes all unavailable where a destination refuses two or more alike with %s, which may speak of either',
    async (code) => {
      const destination = createFakeDestination(each(() => refused(code)));

      expect(statuses(await publish(destination, outgoingRange(2), publishPorts()))).toEqual([
        'unavailable',
        'unavailable',
      ]);
    },
  );

  it.each([
    ['InternalFailure', 'unavailable'],
    ['NotAuthorizedForSourceException', 'unavailable'],
    ['Novelty', 'failed'],
    ['MalformedDetail', 'rejected'],
    ['InvalidParameterValue', 'failed'],
    ['ThrottlingException', 'unavailable'],
    ['KmsDisabled', 'unavailable'],
  ])('judges one alone by its own code: %s', async (code, status) => {
    const destination = createFakeDestination(each(() => refused(code)));

    const results = await publish(destination, [outgoingOf(1)], publishPorts());

    expect(statuses(results)).toEqual([status]);
  });

  it.each([
    ['nine refused for an unknown reason', outgoingRange(9), () => refused('Novelty'), 'failed'],
    ['different codes', outgoingRange(10), codeByParity, 'failed'],
    [
      'what each is refused for itself',
      outgoingRange(10),
      () => refused('MalformedDetail'),
      'rejected',
    ],
  ] as const)('takes %s for no outage', async (_what, outgoing, reply, status) => {
    const destination = createFakeDestination(each(reply));

    const results = await publish(destination, outgoing, publishPorts());

    expect(new Set(statuses(results))).toEqual(new Set([status]));
  });

  it.each(['InternalFailure', 'AccessDenied'])(
    'fails one that is refused alone where others were accepted a minute ago: %s',
    async (code) => {
      const destination = createFakeDestination(each(() => refused(code)));
      const ports = publishPorts({ lastAcceptedAt: () => -60_000 });

      expect(statuses(await publish(destination, [outgoingOf(1)], ports))).toEqual(['failed']);
    },
  );

  it.each([
    ['InternalFailure', 'failed'],
    ['AccessDenied', 'rejected'],
  ])('holds a refusal against the entry where others are accepted: %s', async (code, status) => {
    const destination = createFakeDestination(refusing(2, code));

    const results = await publish(destination, outgoingRange(2), publishPorts());

    expect(statuses(results)).toEqual(['published', status]);
  });

  it('never delays the throttled as if they had failed, though others are accepted', async () => {
    const destination = createFakeDestination(refusing(2, 'ThrottlingException'));

    const results = await publish(destination, outgoingRange(3), publishPorts());

    expect(statuses(results)).toEqual(['published', 'unavailable', 'published']);
  });

  it.each([
    [
      'SQS',
      'InvalidParameterValue',
      'One or more parameters are invalid. Reason: Message must be shorter than 1024 bytes.',
    ],
    ['SNS', 'InvalidParameter', 'Invalid parameter: Message too long'],
    ['SQS', 'InvalidParameterValue', 'Message contains invalid characters for this queue'],
    [
      'EventBridge',
      'ValidationException',
      'Total size of the entries in the request is over the limit.',
    ],
  ])(
    'blames the entry where the refusal names what it holds: %s, %s',
    async (_service, code, message) => {
      const destination = createFakeDestination(each(() => ({ status: 'refused', code, message })));
      const failing = createFakeDestination(() => {
        throw Object.assign(sdkError(code, 400), { message });
      });

      expect(statuses(await publish(destination, outgoingRange(1), publishPorts()))).toEqual([
        'rejected',
      ]);
      expect(statuses(await publish(failing, outgoingRange(2), publishPorts()))).toEqual([
        'rejected',
        'rejected',
      ]);
    },
  );

  it.each([
    ['SNS', 'InvalidParameter', 'Invalid parameter: TopicArn Reason: no topic of this region'],
    ['SQS', 'InvalidParameterValue', 'Value for parameter QueueUrl is invalid'],
    [
      'SQS',
      'InvalidParameterValue',
      'The request include parameter that is not valid for this queue type',
    ],
    ['SQS', 'MissingParameter', 'The request must contain the parameter MessageGroupId.'],
    [
      'EventBridge',
      'ValidationException',
      "1 validation error detected: Value at 'eventBusName' failed",
    ],
    ['EventBridge', 'InvalidArgument', 'The event bus is in another region'],
  ])(
    'blames the destination where the refusal names it: %s, %s',
    async (_service, code, message) => {
      const destination = createFakeDestination(each(() => ({ status: 'refused', code, message })));
      const failing = createFakeDestination(() => {
        throw Object.assign(sdkError(code, 400), { message });
      });

      expect(statuses(await publish(destination, outgoingRange(1), publishPorts()))).toEqual([
        'unavailable',
      ]);
      expect(statuses(await publish(failing, outgoingRange(1), publishPorts()))).toEqual([
        'unavailable',
      ]);
    },
  );
});

function codeByParity({ entry }: Outgoing): Reply {
  return refused(Number.parseInt(entry.id.slice(-1), 16) % 2 === 0 ? 'Even' : 'Odd');
}
