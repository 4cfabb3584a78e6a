import { defineEvent } from 'cdk-outbox/runtime';
import { z } from 'zod';

// The contract between the services. All events of an order are one history, `order.*` of the aggregate
// `order`, for all consumers: each can handle it in sequence.

const orderId = z.string();
const sku = z.string();
const quantity = z.int().positive();
const money = z.number().nonnegative();

/** A customer ordered something. Written by the orders service. */
export const OrderPlaced = defineEvent('order.placed', {
  aggregateType: 'order',
  schema: z.object({
    orderId,
    customer: z.string(),
    card: z.string(),
    sku,
    quantity,
    total: money,
    payWithinSeconds: z
      .int()
      .positive()
      .default(60 * 60),
  }),
});

/** Payment is asked to take money for an order. */
export const PaymentRequested = defineEvent('order.payment-requested', {
  aggregateType: 'order',
  schema: z.object({ orderId, amount: money, card: z.string() }),
});

/** Payment is asked to give back what it took for an order, or may still take. */
export const RefundRequested = defineEvent('order.refund-requested', {
  aggregateType: 'order',
  schema: z.object({ orderId }),
});

/** Inventory is asked to reserve what was ordered. */
export const StockRequested = defineEvent('order.stock-requested', {
  aggregateType: 'order',
  schema: z.object({ orderId, sku, quantity }),
});

/** An order is paid, and its stock is reserved. */
export const OrderFulfilled = defineEvent('order.fulfilled', {
  aggregateType: 'order',
  schema: z.object({ orderId, sku, quantity }),
});

/** Nothing comes of an order: what was reserved for it is free again, what was paid is given back. */
export const OrderCancelled = defineEvent('order.cancelled', {
  aggregateType: 'order',
  schema: z.object({ orderId, reason: z.string() }),
});

/** Money was taken. Written by the payment service. */
export const PaymentTaken = defineEvent('payment.taken', {
  aggregateType: 'payment',
  schema: z.object({ orderId, amount: money }),
});

/** The bank refused. Written by the payment service. */
export const PaymentRefused = defineEvent('payment.refused', {
  aggregateType: 'payment',
  schema: z.object({ orderId }),
});

/** Nothing is kept for the order, nor will be taken. Written by the payment service. */
export const PaymentRefunded = defineEvent('payment.refunded', {
  aggregateType: 'payment',
  schema: z.object({ orderId, refunded: money }),
});

/** What was ordered is set aside. Written by the inventory service. */
export const StockReserved = defineEvent('stock.reserved', {
  aggregateType: 'stock',
  schema: z.object({ orderId }),
});

/** There is not enough of it. Written by the inventory service. */
export const StockMissing = defineEvent('stock.missing', {
  aggregateType: 'stock',
  schema: z.object({ orderId }),
});
