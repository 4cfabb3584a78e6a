import middy from '@middy/core';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';

import {
  createInbox,
  createOutbox,
  createSaga,
  defineEvent,
  defineSaga,
} from '../../lib/runtime.ts';
import { createVirtualClock, testInbox, testOutbox, toSqsEvent } from '../../lib/testing.ts';

const ofOrder = { aggregateType: 'order', schema: z.object({ orderId: z.string() }) };
const OrderPlaced = defineEvent('order.placed', ofOrder);
const OrderBilled = defineEvent('order.billed', ofOrder);
const placed = OrderPlaced('42', { orderId: '42' });

const handler = createInbox().on(OrderPlaced, ({ data }, tx) => {
  tx.put({ TableName: 'invoices', Item: { id: data.orderId } });
  tx.emit(OrderBilled(data.orderId, { orderId: data.orderId }));
  tx.logger.info('billed', {});
});
const tables = { invoices: 'id' };

describe('testInbox', () => {
  const printed = vi.fn();

  beforeEach(() => {
    for (const method of ['log', 'info', 'warn', 'error', 'debug'] as const) {
      vi.spyOn(console, method).mockImplementation(printed);
    }
  });

  afterEach(() => {
    vi.restoreAllMocks();
    printed.mockReset();
  });

  it.each([
    ['a handler', handler],
    ['a handler in middleware', middy(handler).before(() => undefined)],
  ])('records what %s writes, emits and logs, and prints nothing', async (_, tested) => {
    const inbox = testInbox(tested, { tables });

    expect(await inbox.deliver(placed, placed)).toEqual({
      ...{ handled: 1, duplicates: 1, retried: [], deadLetters: [] },
    });
    expect(await inbox.deliver(placed)).toMatchObject({ handled: 0, duplicates: 1 });

    expect(inbox.items('invoices')).toEqual([{ id: '42' }]);
    expect(inbox.events).toMatchObject([
      {
        type: 'order.billed',
        aggregate: 'order/42',
        data: { orderId: '42' },
        causationId: placed.id,
      },
    ]);
    expect(inbox.logs).toContainEqual(
      expect.objectContaining({ level: 'info', message: 'billed' }),
    );
    expect(printed).not.toHaveBeenCalled();
  });

  it('tells which messages go back to the queue, and why', async () => {
    const failing = createInbox().on(OrderPlaced, () => {
      throw new Error('the bank is closed');
    });

    expect(await testInbox(failing).deliver(placed)).toMatchObject({
      handled: 0,
      retried: [{ eventId: placed.id, error: 'the bank is closed' }],
    });
  });

  it('tells which messages can never succeed, and why', async () => {
    expect(await testInbox(createInbox()).deliver(placed)).toMatchObject({
      deadLetters: [{ eventId: placed.id, code: 'EVENT_TYPE_UNKNOWN' }],
    });
  });

  it('keeps tests apart that run at the same time', async () => {
    const inboxes = [testInbox(handler, { tables }), testInbox(handler, { tables })] as const;
    const other = OrderPlaced('43', { orderId: '43' });

    await Promise.all([inboxes[0].deliver(placed), inboxes[1].deliver(other)]);

    expect(inboxes.map((inbox) => inbox.items('invoices'))).toEqual([
      [{ id: '42' }],
      [{ id: '43' }],
    ]);
  });

  it('names a table that the test does not have', async () => {
    const { retried, deadLetters } = await testInbox(handler).deliver(placed);

    expect(JSON.stringify([retried, deadLetters])).toContain(
      'there is no table invoices in memory',
    );
  });

  it('handles under a lease, with the effect once', async () => {
    const charge = vi.fn(() => Promise.resolve({ charged: true }));
    const paying = createInbox().on(OrderPlaced, charge, { idempotency: 'lease' });

    expect(await testInbox(paying).deliver(placed, placed)).toMatchObject({
      handled: 1,
      duplicates: 1,
    });
    expect(charge).toHaveBeenCalledTimes(1);
  });

  it('runs a saga to its end, its deadlines delivered by the test', async () => {
    const saga = defineSaga('waiting', { state: z.object({}), key: 'orderId' })
      .onDeadline('payment', (step) => {
        step.emit(OrderBilled(step.key, { orderId: step.key }));
        step.complete();
      })
      .startedBy(OrderPlaced, (step) => {
        step.setState({});
        step.setDeadline('payment', { minutes: 15 });
      });
    const clock = createVirtualClock(Date.now());
    const inbox = testInbox(createSaga(saga), { clock });

    await inbox.deliver(placed);
    const [due] = inbox.events;
    expect(due).toMatchObject({
      type: 'waiting.deadline',
      deliverAt: clock.now() + 15 * 60_000,
    });
    clock.advance(15 * 60_000);
    await inbox.deliver(due!);

    expect(inbox.events.map(({ type }) => type)).toContain('order.billed');
  });
});

describe('testOutbox', () => {
  const outbox = createOutbox();

  it('returns the result with what was written, to items that were there before', async () => {
    const { result, events, items } = await testOutbox(
      async () => {
        const written = await outbox.write({
          items: [
            {
              Update: {
                TableName: 'customers',
                Key: { tenant: 'a', id: 'ada' },
                UpdateExpression: 'SET orders = orders + :one',
                ExpressionAttributeValues: { ':one': 1 },
              },
            },
          ],
          events: [OrderPlaced('42', { orderId: '42' }, { sequence: 'next' })],
        });
        return written.events.length;
      },
      {
        tables: { customers: ['tenant', 'id'] },
        items: { customers: [{ tenant: 'a', id: 'ada', orders: 1 }] },
      },
    );

    expect(result).toBe(1);
    expect(events).toMatchObject([{ type: 'order.placed', sequence: 1 }]);
    expect(items('customers')).toEqual([{ tenant: 'a', id: 'ada', orders: 2 }]);
  });

  it('does not reach what runs outside', async () => {
    await testOutbox(() => outbox.write({ events: [placed] }));

    await expect(outbox.write({ events: [placed] })).rejects.toMatchObject({
      code: 'ENVIRONMENT_MISSING',
      message: expect.stringContaining('testOutbox') as string,
    });
  });
});

describe('toSqsEvent', () => {
  it('makes records of events', () => {
    const { Records } = toSqsEvent([placed], { envelope: 'sns', receiveCount: 2 });

    expect(Records).toHaveLength(1);
    expect(Records[0]).toMatchObject({
      attributes: { ApproximateReceiveCount: '2' },
      body: expect.stringContaining(placed.id) as string,
    });
  });
});
