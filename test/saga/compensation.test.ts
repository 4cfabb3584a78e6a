import { describe, expect, it } from 'vitest';
import { z } from 'zod';

import { defineEvent } from '../../lib/events/define-event.ts';
import { defineSaga } from '../../lib/saga/define-saga.ts';
import { messageOf } from '../../lib/testing.ts';
import { fulfilment, OrderAmended, OrderPlaced, PaymentTaken, StockMissing } from './fulfilment.ts';
import { localWorld, memoryWorld } from './support.ts';

const data = { orderId: '42' };
const minute = 60_000;
const day = 24 * 60 * minute;

describe('a compensation that must be confirmed', () => {
  const ofCharge = {
    aggregateType: 'payment',
    schema: z.object({ orderId: z.string(), charge: z.string() }),
  };
  const Refund = defineEvent('payment.refund', ofCharge);
  const Refunded = defineEvent('payment.refunded', ofCharge);
  const refunded = (charge: string) => messageOf(Refunded('42', { ...data, charge }));

  const twoCharges = defineSaga('charges', { state: z.object({}), key: 'orderId' })
    .compensation(
      'refund',
      z.string(),
      (saga, charge) => {
        saga.emit(Refund(saga.key, { ...data, charge }));
      },
      { confirmedBy: { event: Refunded, when: (event, charge) => event.data.charge === charge } },
    )
    .startedBy(OrderPlaced, (saga) => {
      saga.setState({});
      for (const charge of ['A', 'B']) saga.addCompensation('refund', charge);
    })
    .on(StockMissing, (saga) => {
      saga.compensate('no stock');
    })
    .onLate(Refunded, (saga, event) => {
      saga.emit(OrderAmended(saga.key, { orderId: event.data.charge }));
    });

  it('is confirmed by the event that is meant, and by no copy of the one before', async () => {
    const world = await localWorld();
    const handler = world.run(twoCharges);
    await world.deliver(handler, messageOf(OrderPlaced('42', data)));
    await world.deliver(handler, messageOf(StockMissing('42', data)));

    await world.deliver(handler, refunded('B'), refunded('B'));
    expect(await world.sagas()).toMatchObject([
      {
        ...{ status: 'compensating', awaiting: 'payment.refunded', compensations: [] },
        compensating: { name: 'refund', argument: '"A"' },
      },
    ]);
    await world.deliver(handler, refunded('A'));

    const [saga] = await world.sagas();
    expect(saga).toMatchObject({ status: 'compensated', history: [{}, {}, {}, {}] });
    expect(saga).not.toHaveProperty('compensating');
  });

  it('refuses a promise for an answer: it would confirm everything', () => {
    const hasty = defineSaga('hasty', { state: z.object({}), key: 'orderId' })
      .compensation('refund', () => undefined, {
        confirmedBy: { event: Refunded, when: (() => Promise.resolve(false)) as never },
      })
      .startedBy(OrderPlaced, (saga) => {
        saga.setState({});
        saga.addCompensation('refund');
        saga.compensate('no stock');
      });
    const { saga } = hasty.transition(undefined, OrderPlaced('42', data));

    const confirm = () => hasty.transition(saga, Refunded('42', { ...data, charge: 'A' }));

    expect(confirm).toThrow(
      expect.objectContaining({
        code: 'SAGA_INVALID',
        message: expect.stringContaining('cannot be async') as string,
      }),
    );
  });

  it('takes an event that is not meant for one that comes too late', () => {
    const started = twoCharges.transition(undefined, OrderPlaced('42', data));
    const { saga } = twoCharges.transition(started.saga, StockMissing('42', data));

    const other = twoCharges.transition(saga, Refunded('42', { ...data, charge: 'A' }));

    expect(other).toMatchObject({ outcome: 'late', saga, emits: [{ type: 'order.amended' }] });
  });
});

it('begins within a time of its own, however long the saga has run', async () => {
  const world = memoryWorld();
  const handler = world.run(fulfilment);
  const began = world.clock.now();
  await world.deliver(handler, messageOf(OrderPlaced('42', data)));
  world.clock.advance(20 * minute);
  await world.deliver(handler, messageOf(PaymentTaken('42', data)));
  expect(await world.sagas()).toMatchObject([{ overdueAt: began + day }]);

  world.clock.advance(20 * minute);
  await world.deliver(handler, messageOf(StockMissing('42', data)));

  const overdueAt = began + day + 40 * minute;
  expect(await world.sagas()).toMatchObject([{ status: 'compensating', overdueAt }]);
});

describe('as many compensations as a saga may have', () => {
  const compensating = (count: number) =>
    defineSaga('many', { state: z.object({}), key: 'orderId' })
      .compensation('undo', z.number(), (saga, n) => {
        saga.emit(Sequenced(String(n), {}, { sequence: 'next' }));
        const Item = { pk: String(n), sk: 'undone' };
        saga.write({ Put: { TableName: effects, Item } });
      })
      .startedBy(OrderPlaced, (saga) => {
        saga.setState({});
        for (let n = 0; n < count; n++) saga.addCompensation('undo', n);
      })
      .on(StockMissing, (saga) => {
        saga.compensate('no stock');
      });
  const Sequenced = defineEvent('thing.undo', { aggregateType: 'thing', schema: z.object({}) });
  let effects = 'effects';

  it('are undone in one transaction, with a sequenced command and a write for each', async () => {
    const world = await localWorld();
    effects = world.tables.effects;
    const handler = world.run(compensating(30));
    await world.deliver(handler, messageOf(OrderPlaced('42', data)));

    expect(await world.deliver(handler, messageOf(StockMissing('42', data)))).toEqual([false]);

    expect(await world.sagas()).toMatchObject([{ status: 'compensated' }]);
    expect(await world.rowsOf(effects)).toHaveLength(30);
  });

  it('are not exceeded: one more is refused when it is asked for', () => {
    expect(() => compensating(31).transition(undefined, OrderPlaced('42', data))).toThrow(
      expect.objectContaining({
        code: 'SAGA_INVALID',
        message: expect.stringContaining('it has 30 compensations') as string,
      }),
    );
  });
});
