import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import { type Transactor } from '../../../../lib/runtime.ts';
import { openInbox } from '../../../../lib/runtime/inbox/inbox.ts';
import { messageOf, sqsEventOf, type LambdaSqsEvent } from '../../../../lib/testing.ts';
import {
  givenBack,
  lambdaContext,
  memoryRig,
  OrderPlaced,
  placed,
  type MemoryRig,
} from '../support.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
});

afterEach(() => {
  vi.useRealTimers();
});

const lease = { way: 'lease' } as const;
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

describe('what becomes of a handler that was given up is told when it ends', () => {
  /** A handler that hangs until it was given up, and ends after `between`. */
  async function endingLate(
    end: () => void,
    between: (rig: MemoryRig, copy: LambdaSqsEvent) => unknown = () => undefined,
  ) {
    const rig = memoryRig();
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
      message: 'message ended after it was given up',
      messageId: copy.Records[0]?.messageId,
      aggregate: 'order/42',
      ...fields,
    });

  test('its error', async () => {
    const { rig, copy } = await endingLate(() => {
      throw new Error('the provider refused');
    });

    const error: unknown = expect.objectContaining({ message: 'the provider refused' });
    expect(rig.lines).toContainEqual(told(copy, { outcome: 'failed', error }));
  });

  test('that another worker had taken the message over', async () => {
    const { rig, copy } = await endingLate(
      () => undefined,
      (ofFirst, again) => takeOver(ofFirst, again, () => undefined),
    );

    expect(rig.lines).toContainEqual(told(copy, { outcome: 'failed', code: 'LEASE_LOST' }));
  });

  test('that it completed after all', async () => {
    const { rig, copy } = await endingLate(() => undefined);

    expect(rig.lines).toContainEqual(told(copy, { outcome: 'handled' }));
    expect(rig.counts).toEqual({ Failed: 1 });
  });
});
