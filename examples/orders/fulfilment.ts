import { defineSaga } from 'cdk-outbox/runtime';
import { z } from 'zod';

import {
  OrderCancelled,
  OrderFulfilled,
  OrderPlaced,
  PaymentRefunded,
  PaymentRefused,
  PaymentRequested,
  PaymentTaken,
  RefundRequested,
  StockMissing,
  StockRequested,
  StockReserved,
} from '../shared/events.ts';
import { setOnOrder } from './set-on-order.ts';

const ordersTable = process.env['ORDERS_TABLE'];

/** How long it waits to hear of the stock. */
const stockPatience = { hours: 1 };

/** Consumers of an order get its events in sequence. */
const inOrder = { sequence: 'next' } as const;

/**
 * Sees an order through: payment, then stock. Where one of them fails or never answers, what was done is undone,
 * last things first, and the order is cancelled.
 */
export const fulfilment = defineSaga('fulfilment', {
  state: z.object({ sku: z.string(), quantity: z.int(), isPaid: z.boolean() }),
  key: 'orderId',
})
  .onDeadline('payment', (saga) => {
    saga.compensate('no answer about the payment');
  })
  .onDeadline('stock', (saga) => {
    saga.compensate('no answer about the stock');
  })
  .compensation(
    'payment',
    // Also where the bank refused or never answered: what is confirmed then is that nothing is kept.
    (saga) => {
      saga.emit(RefundRequested(saga.key, { orderId: saga.key }, inOrder));
    },
    { confirmedBy: PaymentRefunded },
  )
  .compensation('order', (saga) => {
    const { reason = '' } = saga;
    saga.emit(OrderCancelled(saga.key, { orderId: saga.key, reason }, inOrder));
    saga.write(setOnOrder(ordersTable, saga.key, { state: 'cancelled', reason }));
  })
  .startedBy(OrderPlaced, (saga, { data }) => {
    const { sku, quantity, total, card, payWithinSeconds } = data;
    saga.setState({ sku, quantity, isPaid: false });
    saga.addCompensation('order');
    saga.emit(PaymentRequested(saga.key, { orderId: saga.key, amount: total, card }, inOrder));
    saga.addCompensation('payment');
    saga.setDeadline('payment', { seconds: payWithinSeconds });
  })
  .on(PaymentTaken, (saga) => {
    const { sku, quantity, isPaid } = saga.state;
    if (isPaid) return;
    saga.setState({ ...saga.state, isPaid: true });
    saga.cancelDeadline('payment');
    saga.emit(StockRequested(saga.key, { orderId: saga.key, sku, quantity }, inOrder));
    saga.setDeadline('stock', stockPatience);
  })
  .on(PaymentRefused, (saga) => {
    saga.compensate('payment refused');
  })
  .on(StockReserved, (saga) => {
    const { sku, quantity } = saga.state;
    saga.emit(OrderFulfilled(saga.key, { orderId: saga.key, sku, quantity }, inOrder));
    saga.write(setOnOrder(ordersTable, saga.key, { state: 'fulfilled' }));
    saga.complete();
  })
  .on(StockMissing, (saga) => {
    saga.compensate('out of stock');
  });
