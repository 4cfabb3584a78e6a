import { defineEvent } from 'cdk-outbox/runtime';
import { z } from 'zod';

export const OrderPlaced = defineEvent('order.placed', {
  aggregateType: 'order',
  schema: z.object({ orderId: z.string(), total: z.number() }),
});

export const OrderBilled = defineEvent('order.billed', {
  aggregateType: 'order',
  schema: z.object({ orderId: z.string() }),
});
