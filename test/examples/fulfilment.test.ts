import type { SagaEvent } from 'cdk-outbox/runtime';
import { describe, expect, it } from 'vitest';

import { fulfilment } from '../../examples/orders/fulfilment.ts';
import {
  OrderPlaced,
  PaymentRefunded,
  PaymentRefused,
  PaymentTaken,
  StockMissing,
  StockReserved,
} from '../../examples/shared/events.ts';

type Transition = ReturnType<typeof fulfilment.transition>;
type Saga = Transition['saga'];

const orderId = '42';
const order = {
  ...{ orderId, customer: 'ada', card: 'card-good' },
  ...{ sku: 'book', quantity: 2, total: 12 },
};

/** As the saga gets it: the inbox reads the data by its schema, which has defaults. */
function read(data: Parameters<typeof OrderPlaced>[1]): SagaEvent {
  return { ...OrderPlaced(orderId, data), data: OrderPlaced.schema.parse(data) };
}

const placed = read(order);
const taken = (): SagaEvent => PaymentTaken(orderId, { orderId, amount: 12 });
const refunded = (): SagaEvent => PaymentRefunded(orderId, { orderId, refunded: 12 });

/** What the last of the events makes of a saga that has had those before it. */
function after(...events: readonly (SagaEvent | ((saga: Saga) => SagaEvent))[]): Transition {
  return events.reduce<Transition>(
    (before, event) => {
      const next = typeof event === 'function' ? event(before.saga) : event;
      return fulfilment.transition(before.saga, next);
    },
    fulfilment.transition(undefined, placed),
  );
}

function emitted({ emits }: Transition): string[] {
  return emits.map(({ type }) => type);
}

/** The order's state and why, as they are written. */
function noted({ writes }: Transition): unknown[] {
  return writes.map(
    ({ Update }) => Object.values(Update?.ExpressionAttributeValues ?? {}) as unknown[],
  );
}

describe('the fulfilment of an order', () => {
  it('asks for payment, and waits an hour for it by default', () => {
    const { saga, ...started } = after();

    expect(saga).toMatchObject({ key: orderId, status: 'running' });
    expect(started.emits).toMatchObject([
      { type: 'order.payment-requested', data: { orderId, amount: 12, card: 'card-good' } },
    ]);
    expect(started.deadlines).toEqual([{ name: 'payment', afterMs: 3_600_000 }]);
  });

  it('waits for the payment as long as the order says', () => {
    const started = fulfilment.transition(undefined, read({ ...order, payWithinSeconds: 30 }));

    expect(started.deadlines).toEqual([{ name: 'payment', afterMs: 30_000 }]);
  });

  it('asks for stock when it is paid, and waits for the payment no longer', () => {
    const paid = after(taken());

    expect(paid.emits).toMatchObject([
      { type: 'order.stock-requested', data: { orderId, sku: 'book', quantity: 2 } },
    ]);
    expect(paid.cancelled).toEqual(['payment']);
    expect(paid.deadlines).toMatchObject([{ name: 'stock' }]);
  });

  it('asks for stock once, though it hears twice that it is paid', () => {
    const again = after(taken(), taken());

    expect(emitted(again)).toEqual([]);
  });

  it('is complete when the stock is reserved', () => {
    const done = after(taken(), StockReserved(orderId, { orderId }));

    expect(done.saga?.status).toBe('completed');
    expect(emitted(done)).toEqual(['order.fulfilled']);
    expect(noted(done)).toEqual([['fulfilled']]);
  });

  it.each<[string, readonly (SagaEvent | ((saga: Saga) => SagaEvent))[]]>([
    ['payment refused', [PaymentRefused(orderId, { orderId })]],
    ['no answer about the payment', [(saga) => fulfilment.deadlineEvent(saga, 'payment')]],
    ['out of stock', [taken(), StockMissing(orderId, { orderId })]],
    ['no answer about the stock', [taken(), (saga) => fulfilment.deadlineEvent(saga, 'stock')]],
  ])('is undone, the payment before the order: %s', (reason, events) => {
    const failed = after(...events);
    const undone = after(...events, refunded());

    expect(emitted(failed)).toEqual(['order.refund-requested']);
    expect(failed.saga?.status).toBe('compensating');
    expect(undone.emits).toMatchObject([{ type: 'order.cancelled', data: { orderId, reason } }]);
    expect(noted(undone)).toEqual([['cancelled', reason]]);
    expect(undone.saga?.status).toBe('compensated');
  });

  it('takes no money for an answer that comes after it was given up', () => {
    const late = after((saga) => fulfilment.deadlineEvent(saga, 'payment'), taken());

    expect(late.outcome).toBe('late');
    expect(emitted(late)).toEqual([]);
  });
});
