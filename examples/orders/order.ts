import { randomUUID } from 'node:crypto';

import { z } from 'zod';

/** An order as a customer sends it. */
export const Order = z.object({
  orderId: z.string().min(1).max(100).default(randomUUID),
  customer: z.string().min(1),
  card: z.string().min(1).default('card-good'),
  sku: z.string().min(1),
  quantity: z.int().positive(),
  total: z.number().positive(),
});
export type Order = z.infer<typeof Order>;
