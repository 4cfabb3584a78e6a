import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import type { InboxOptions, Transactor } from '../../lib/runtime.ts';
import { openInbox } from '../../lib/inbox/inbox.ts';
import { messageOf, sqsEventOf, type LambdaSqsEvent } from '../../lib/testing.ts';
import {
  givenBack,
  lambdaContext,
  memoryRig,
  OrderPlaced,
  placed,
  type MemoryRig,
} from './support.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
});

afterEach(() => {
  vi.useRealTimers();
});

const lease = { idempotency: 'lease' } as const;
const event = (): LambdaSqsEvent => sqsEventOf([messageOf(placed('42'))]);
const givenUpAfterMs = 9_000;

/** Another worker handles the message, when the lease of the first has ended. */
async function takeOver(rig: MemoryRig, copy: LambdaSqsEvent, handle: () => void): Promise<void> {
  rig.clock.advance(60_000);
  vi.setSystemTime(Date.now() + 60_000);
  await rig.inbox.on(OrderPlaced, handle, lease)(copy, lambdaContext(10_000));
}

const everythingSettles = (): Promise<void> => new Promise(setImmediate);

describe('a worker whose claim is answered when it was given up already', () => {
  const charges: string[] = [];
  const charge = (worker: string) => () => {
    charges.push(worker);
  };

  async function claimAnsweredLate(between: (rig: MemoryRig, copy: LambdaSqsEvent) => unknown) {
    charges.length = 0;
    const rig = memoryRig();
    const answer = Promise.withResolvers<undefined>();
    const write: Transactor['write'] = async (action) => {
      const result = await rig.database.write(action);
      await answer.promise;
      return result;
    };
    const slow = openInbox(rig.settings, {
      ...rig.options,
      transactor: { ...rig.database, write },
    });
    const copy = event();
    const first = slow.on(OrderPlaced, charge('frozen'), lease)(copy, lambdaContext(10_000));
    await vi.advanceTimersByTimeAsync(givenUpAfterMs);
    expect(await first).toEqual(givenBack(...copy.Records));
    await between(rig, copy);
    answer.resolve(undefined);
    await everythingSettles();
    return { rig, copy };
  }

  test('does not begin its call, which its successor has made', async () => {
    await claimAnsweredLate((rig, copy) => takeOver(rig, copy, charge('successor')));

    expect(charges).toEqual(['successor']);
  });

  test('gives its lease back, where there is no successor', async () => {
    const { rig, copy } = await claimAnsweredLate(() => undefined);

    await rig.inbox.on(OrderPlaced, charge('next'), lease)(copy);

    expect(charges).toEqual(['next']);
  });
});

describe('the log of a handler that ends after its message was given back', () => {
  /** A handler that hangs until its message was given back, and ends after `between`. */
  async function endingLate(
    end: () => void,
    between: (rig: MemoryRig, copy: LambdaSqsEvent) => unknown = () => undefined,
    options: InboxOptions = {},
  ) {
    const rig = memoryRig({}, options);
    const hanging = Promise.withResolvers<undefined>();
    const copy = event();
    const handle = async (): Promise<void> => {
      await hanging.promise;
      end();
    };
    const first = rig.inbox.on(OrderPlaced, handle, lease)(copy, lambdaContext(10_000));
    await vi.advanceTimersByTimeAsync(givenUpAfterMs);
    await first;
    await between(rig, copy);
    hanging.resolve(undefined);
    await everythingSettles();
    return { rig, copy };
  }
  const told = (copy: LambdaSqsEvent, fields: object): unknown =>
    expect.objectContaining({
      level: 'warn',
      message: 'message ended after its handler timeout',
      messageId: copy.Records[0]?.messageId,
      aggregate: 'order/42',
      ...fields,
    });

  const refused = 'the provider refused';
  const stack = expect.stringContaining('late.test.ts') as string;

  test.each<[string, InboxOptions, object]>([
    ['without its message', {}, { name: 'RangeError', stack }],
    [
      'with its message where that is asked for',
      { logErrorMessages: true },
      { name: 'RangeError', message: refused, stack },
    ],
  ])('holds its error %s', async (_, options, error) => {
    const fail = (): never => {
      throw new RangeError(refused);
    };

    const { rig, copy } = await endingLate(fail, () => undefined, options);

    expect(rig.lines).toContainEqual(told(copy, { outcome: 'failed', error }));
    expect(JSON.stringify(rig.lines).includes(refused)).toBe(options.logErrorMessages === true);
  });

  test('says that another worker had taken the message over', async () => {
    const { rig, copy } = await endingLate(
      () => undefined,
      (ofFirst, again) => takeOver(ofFirst, again, () => undefined),
    );

    expect(rig.lines).toContainEqual(told(copy, { outcome: 'failed', code: 'LEASE_LOST' }));
  });

  test('says that it completed after all', async () => {
    const { rig, copy } = await endingLate(() => undefined);

    expect(rig.lines).toContainEqual(told(copy, { outcome: 'handled' }));
    expect(rig.counts).toEqual({ MessagesFailed: 1 });
  });
});
