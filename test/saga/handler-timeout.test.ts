import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import type { Transactor } from '../../lib/dynamodb/actions.ts';
import { messageOf, sqsEventOf } from '../../lib/testing.ts';
import { givenBack } from '../inbox/support.ts';
import { fulfilment, OrderAmended, OrderPlaced } from './fulfilment.ts';
import { memoryWorld } from './support.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
});

afterEach(() => {
  vi.useRealTimers();
});

const data = { orderId: '42' };

test.each([300, 2_000])(
  'an event that others are always faster than is given back within a handlerTimeoutMs of %d, and is no error',
  async (handlerTimeoutMs) => {
    const world = memoryWorld();
    const clock = {
      now: () => Date.now(),
      sleep: (ms: number) => new Promise<void>((done) => setTimeout(done, ms)),
    };
    const overtaken: Transactor['transact'] = (actions) =>
      Promise.resolve({
        status: 'cancelled',
        reasons: actions.map((_, index) => ({
          code: index === 0 ? 'ConditionalCheckFailed' : 'None',
        })),
      });
    await world.deliver(world.run(fulfilment), messageOf(OrderPlaced('42', data)));
    const transactor = { ...world.options.transactor!, transact: overtaken };
    const handler = world.run(fulfilment, { clock, transactor, handlerTimeoutMs });
    const event = sqsEventOf([messageOf(OrderAmended('42', data))]);

    const answer = handler(event, { getRemainingTimeInMillis: () => 60_000 });
    await vi.advanceTimersByTimeAsync(handlerTimeoutMs);

    expect(await answer).toEqual(givenBack(...event.Records));
    expect(world.counts).toMatchObject({ MessagesInProgress: 1 });
    expect(world.lines.filter(({ level }) => level === 'error')).toEqual([]);
  },
);
