import { defineEvent } from 'cdk-outbox/runtime';
import { z } from 'zod';

export const OrderPlaced = defineEvent('order.placed', {
  aggregateType: 'order',
  schema: z.object({ total: z.number() }),
});
