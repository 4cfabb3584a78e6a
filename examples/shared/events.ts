import { defineEvent } from 'cdk-outbox/runtime';
import { z } from 'zod';

// The contract between the services. What is about an order belongs to the aggregate `order`, whoever is
// meant by it: who follows the whole aggregate can take its events in their sequence.

const orderId = z.string();
const money = z.number().nonnegative();

/** A customer ordered something. Written by the orders service. */
export const OrderPlaced = defineEvent('order.placed', {
  aggregate: 'order',
  schema: z.object({
    orderId,
    customer: z.string(),
    card: z.string(),
    sku: z.string(),
    quantity: z.int().positive(),
    total: money,
  }),
});

/** Payment is asked to take money for an order. */
export const PaymentRequested = defineEvent('payment.requested', {
  aggregate: 'order',
  schema: z.object({ orderId, amount: money, card: z.string() }),
});

/** Payment is asked to give back what it took for an order, or may still take. */
export const RefundRequested = defineEvent('refund.requested', {
  aggregate: 'order',
  schema: z.object({ orderId }),
});

/** Inventory is asked to reserve what was ordered. */
export const StockRequested = defineEvent('stock.requested', {
  aggregate: 'order',
  schema: z.object({ orderId, sku: z.string(), quantity: z.int().positive() }),
});

/** An order is paid, and its stock is reserved. */
export const OrderFulfilled = defineEvent('order.fulfilled', {
  aggregate: 'order',
  schema: z.object({ orderId }),
});

/** Nothing comes of an order: what was reserved for it is free again, what was paid is given back. */
export const OrderCancelled = defineEvent('order.cancelled', {
  aggregate: 'order',
  schema: z.object({ orderId, reason: z.string() }),
});

/** Money was taken. Written by the payment service. */
export const PaymentTaken = defineEvent('payment.taken', {
  aggregate: 'payment',
  schema: z.object({ orderId, amount: money }),
});

/** The bank refused. Written by the payment service. */
export const PaymentRefused = defineEvent('payment.refused', {
  aggregate: 'payment',
  schema: z.object({ orderId }),
});

/** Nothing is kept for the order, nor will be taken. Written by the payment service. */
export const PaymentRefunded = defineEvent('payment.refunded', {
  aggregate: 'payment',
  schema: z.object({ orderId, refunded: money }),
});

/** What was ordered is set aside. Written by the inventory service. */
export const StockReserved = defineEvent('stock.reserved', {
  aggregate: 'stock',
  schema: z.object({ orderId }),
});

/** There is not enough of it. Written by the inventory service. */
export const StockMissing = defineEvent('stock.missing', {
  aggregate: 'stock',
  schema: z.object({ orderId }),
});

/** An order was put on its customer's account. Written by the billing service. */
export const InvoiceCreated = defineEvent('invoice.created', {
  aggregate: 'invoice',
  schema: z.object({ invoiceId: z.string(), orderId: z.string(), total: z.number() }),
});
