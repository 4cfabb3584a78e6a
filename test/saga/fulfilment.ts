import { z } from 'zod';

import { defineEvent } from '../../lib/events/define-event.ts';
import { defineSaga } from '../../lib/saga/define-saga.ts';

// The saga that the tests share: an order is paid for, its stock reserved, and then it is done.

const ofOrder = { aggregateType: 'order', schema: z.object({ orderId: z.string() }) };

export const OrderPlaced = defineEvent('order.placed', ofOrder);
export const OrderAmended = defineEvent('order.amended', ofOrder);
export const PaymentTaken = defineEvent('payment.taken', ofOrder);
export const PaymentRefunded = defineEvent('payment.refunded', ofOrder);
export const StockReserved = defineEvent('stock.reserved', ofOrder);
export const StockMissing = defineEvent('stock.missing', ofOrder);
export const Noticed = defineEvent('order.noticed', ofOrder);

export const TakePayment = defineEvent('payment.take', ofOrder);
export const RefundPayment = defineEvent('payment.refund', ofOrder);
export const ReserveStock = defineEvent('stock.reserve', ofOrder);
export const ReleaseStock = defineEvent('stock.release', ofOrder);
export const CancelOrder = defineEvent('order.cancel', ofOrder);

const state = z.object({ orderId: z.string(), paid: z.boolean(), steps: z.number() });

export const fulfilment = defineSaga('fulfilment', {
  state,
  key: 'orderId',
})
  .onDeadline('payment', (saga) => {
    saga.compensate('payment never answered');
  })
  .onDeadline('stock', (saga) => {
    saga.compensate('stock never answered');
  })
  .compensation('order', (saga) => {
    saga.emit(CancelOrder(saga.key, { orderId: saga.key }));
  })
  .compensation(
    'payment',
    z.object({ orderId: z.string() }),
    (saga, argument) => {
      saga.emit(RefundPayment(saga.key, argument));
      saga.setState({ ...saga.state, paid: false });
    },
    { confirmedBy: PaymentRefunded },
  )
  .compensation('stock', (saga) => {
    saga.emit(ReleaseStock(saga.key, { orderId: saga.key }));
  })
  .startedBy(OrderPlaced, (saga, { data }) => {
    saga.setState({ orderId: data.orderId, paid: false, steps: 1 });
    saga.emit(TakePayment(saga.key, data));
    saga.addCompensation('order');
    saga.addCompensation('payment', { orderId: saga.key });
    saga.setDeadline('payment', { minutes: 15 });
  })
  .on(PaymentTaken, (saga, { data }) => {
    saga.setState({ ...saga.state, paid: true, steps: saga.state.steps + 1 });
    saga.cancelDeadline('payment');
    saga.emit(ReserveStock(saga.key, data));
    saga.addCompensation('stock');
    saga.setDeadline('stock', { hours: 1, minutes: 30 });
  })
  .on(OrderAmended, (saga) => {
    saga.setState({ ...saga.state, steps: saga.state.steps + 1 });
  })
  .on(
    Noticed,
    (saga) => {
      saga.setState({ ...saga.state, steps: saga.state.steps + 1 });
    },
    { whenNotFound: 'ignore' },
  )
  .on(StockReserved, (saga) => {
    saga.complete();
  })
  .on(StockMissing, (saga) => {
    saga.compensate('no stock');
  })
  .onLate(PaymentTaken, (saga, { data }) => {
    saga.emit(RefundPayment(saga.key, data));
  });
