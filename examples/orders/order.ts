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
  /** How long the order waits to hear of its payment. */
  payWithinSeconds: z
    .int()
    .positive()
    .default(60 * 60),
});
export type Order = z.infer<typeof Order>;

/** The index of the orders table by which the orders of a day are found. */
export const byDay = {
  indexName: 'byDay',
  partitionKey: 'placedOn',
  sortKey: 'placedAt',
} as const;

/** A row of the orders table. */
export interface OrderRow extends Omit<Order, 'orderId'> {
  readonly id: string;
  readonly state: string;
  /** The day, in UTC: `2026-11-21`. */
  readonly placedOn: string;
  /** ISO 8601, in UTC. */
  readonly placedAt: string;
}

/** The row of an order that is placed at a moment (epoch milliseconds). */
export function toRow({ orderId, ...details }: Order, now: number): OrderRow {
  const placedAt = isoOf(now);
  return { id: orderId, ...details, state: 'placed', placedOn: dayOf(now), placedAt };
}

/** The order of a row, as it was placed. */
export function fromRow({ id: orderId, ...row }: OrderRow): Order {
  return Order.parse({ orderId, ...row });
}

export function isoOf(time: number): string {
  return new Date(time).toISOString();
}

export function dayOf(time: number): string {
  return isoOf(time).slice(0, 'yyyy-mm-dd'.length);
}
