import { describe, expect, it } from 'vitest';
import { z } from 'zod';

import type { Acceptance } from '../../lib/core/environment.ts';
import { timeOfId } from '../../lib/table/keys.ts';
import { limits, ownLimits } from '../../lib/core/limits.ts';
import { defineEvent } from '../../lib/events/define-event.ts';
import type { OutboxEvent } from '../../lib/events/event.ts';
import { openOutbox, type WriteRequest } from '../../lib/outbox/outbox.ts';
import type { TransactItem } from '../../lib/dynamodb/actions.ts';
import { createMemoryTransactor } from '../../lib/testing/memory-transactor.ts';
import { createVirtualClock } from '../../lib/testing/virtual-clock.ts';
import { OrderPlaced, OrderShipped, writerConfig } from '../support/orders.ts';
import { scripted } from '../support/scripted-transactor.ts';

const id = '0199a1b2-c3d4-7000-8000-000000000001';
const Noted = defineEvent('order.noted', { aggregateType: 'order', schema: z.string() });

/** An outbox whose clock stands at the time of {@link id}, and what it sends. */
function open({
  accepts = [{ maxMessageBytes: 1024 * 1024 }] as Acceptance[],
  now = timeOfId(id),
} = {}) {
  const transactor = scripted(() => undefined, createMemoryTransactor({ outbox: ['pk', 'sk'] }));
  const clock = createVirtualClock(now);
  const outbox = openOutbox(writerConfig('outbox', { accepts }), { transactor, clock });
  return { transactor, outbox };
}

async function expectRefusal(
  request: WriteRequest,
  expected: { code: string; details?: object },
  options?: Parameters<typeof open>[0],
): Promise<void> {
  const { outbox, transactor } = open(options);
  await expect(outbox.write(request)).rejects.toMatchObject(expected);
  expect(transactor.sent).toEqual([]);
}

const put = (name: string): TransactItem => ({ Put: { TableName: 'orders', Item: { name } } });
const placed = OrderPlaced('42', { total: 1 }, { id });

describe('before it sends anything, write refuses', () => {
  it('nothing', async () => {
    await expectRefusal({ events: [] }, { code: 'NOTHING_TO_WRITE' });
    await expectRefusal({ items: [], events: [] }, { code: 'NOTHING_TO_WRITE' });
  });

  it('more than a hundred actions, counters and events among them', async () => {
    const items = Array.from({ length: 98 }, (_, index) => put(String(index)));
    const events = [placed, OrderShipped('43', {}, { id: other(2), sequence: 'next' })];

    await expectRefusal(
      { items, events },
      { code: 'TOO_MANY_ACTIONS', details: { count: 101, limit: 100 } },
    );
  });

  it('a wrong payload, all events being checked', async () => {
    await expectRefusal(
      {
        events: [
          placed,
          OrderShipped('42', null as unknown as Record<string, never>, { id: other(2) }),
        ],
      },
      { code: 'EVENT_INVALID', details: { eventId: other(2) } },
    );
  });

  it('the same event twice', async () => {
    await expectRefusal(
      { events: [placed, placed] },
      { code: 'DUPLICATE_ITEM', details: { type: 'order.placed', eventId: id } },
    );
  });

  it('a type that no destination takes', async () => {
    const accepts = [
      { types: ['order.shipped'], maxMessageBytes: 1000 },
      { types: ['invoice.*'], maxMessageBytes: 1000 },
    ];

    await expectRefusal(
      { events: [placed] },
      {
        code: 'EVENT_TYPE_UNWANTED',
        details: { type: 'order.placed', eventId: id, taken: ['order.shipped', 'invoice.*'] },
      },
      { accepts },
    );
  });

  it('an event made more than an hour ago, or in an hour', async () => {
    const limit = ownLimits.maxEventAgeMs;
    const expected = (ageMs: number) => ({
      code: 'EVENT_STALE',
      details: { type: 'order.placed', eventId: id, ageMs, limit },
    });

    await expectRefusal({ events: [placed] }, expected(limit + 1), {
      now: timeOfId(id) + limit + 1,
    });
    await expectRefusal({ events: [placed] }, expected(-limit - 1), {
      now: timeOfId(id) - limit - 1,
    });
  });

  it('a token together with a sequence that differs from call to call', async () => {
    await expectRefusal(
      { events: [OrderShipped('42', {}, { id, sequence: 'next' })], clientRequestToken: 'mine' },
      { code: 'OPTION_INVALID', details: { option: 'clientRequestToken', eventId: id } },
    );
  });

  it('a token that is too long', async () => {
    await expectRefusal(
      { events: [placed], clientRequestToken: 'x'.repeat(37) },
      { code: 'TOKEN_INVALID', details: { length: 37, limit: 36 } },
    );
  });

  it('an event that was put together by hand with a wrong aggregate', async () => {
    await expectRefusal(
      { events: [{ ...placed, aggregate: 'order' }] },
      { code: 'AGGREGATE_INVALID' },
    );
  });

  it.each([null, { type: 'order.placed', data: {} }])(
    'what is no event: %o',
    async (event: unknown) => {
      await expectRefusal({ events: [event as OutboxEvent] }, { code: 'EVENT_INVALID' });
    },
  );

  it('an item of the caller that is too large', async () => {
    await expectRefusal(
      { items: [put('a'), put('x'.repeat(limits.table.maxItemBytes))], events: [placed] },
      { code: 'ITEM_TOO_LARGE', details: { index: 1, tableName: 'orders' } },
    );
  });
});

describe('an event at the limits', () => {
  it('may be an hour old', async () => {
    const { outbox } = open({ now: timeOfId(id) + ownLimits.maxEventAgeMs });

    expect((await outbox.write({ events: [placed] })).events).toHaveLength(1);
  });

  it('is refused where its message may be too large for one of the destinations of its type', async () => {
    const small = { types: ['order.noted'], maxMessageBytes: 5000 };
    const accepts = [{ maxMessageBytes: 1024 * 1024 }, small];
    const sizeOf = async (chars: number): Promise<unknown> =>
      open({ accepts })
        .outbox.write({ events: [Noted('42', 'x'.repeat(chars), { id })] })
        .then(
          () => 'written',
          (error: unknown) => error,
        );
    const refused = await sizeOf(5000);
    expect(refused).toMatchObject({ code: 'MESSAGE_TOO_LARGE', details: { limit: 5000 } });
    const { bytes } = (refused as { details: { bytes: number } }).details;
    const overhead = bytes - 5000;

    expect(await sizeOf(5000 - overhead)).toBe('written');
    expect(await sizeOf(5000 - overhead + 1)).toMatchObject({
      code: 'MESSAGE_TOO_LARGE',
      details: { bytes: 5001 },
    });
    expect(overhead).toBeGreaterThan(ownLimits.messageOverheadBytes);
  });

  it('is refused where its copy in the waiting room would be too large for an item', async () => {
    const room = limits.table.maxItemBytes - ownLimits.waitingOverheadBytes;

    await expectRefusal(
      { events: [Noted('42', 'x'.repeat(room), { id })] },
      { code: 'ENTRY_TOO_LARGE', details: { eventId: id, limit: limits.table.maxItemBytes } },
    );
    const { outbox } = open();
    await outbox.write({ events: [Noted('42', 'x'.repeat(room - 300), { id })] });
  });
});

function other(last: number): string {
  return id.replace(/1$/, String(last));
}
