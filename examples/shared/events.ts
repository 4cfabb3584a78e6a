import { defineEvent } from 'cdk-outbox/runtime';
import { z } from 'zod';

/** A customer ordered something. Written by the orders service. */
export const OrderPlaced = defineEvent('order.placed', {
  aggregate: 'order',
  schema: z.object({
    orderId: z.string(),
    customer: z.string(),
    sku: z.string(),
    quantity: z.int().positive(),
    total: z.number().nonnegative(),
  }),
});

/** An order was put on its customer's account. Written by the billing service. */
export const InvoiceCreated = defineEvent('invoice.created', {
  aggregate: 'invoice',
  schema: z.object({ invoiceId: z.string(), orderId: z.string(), total: z.number() }),
});
