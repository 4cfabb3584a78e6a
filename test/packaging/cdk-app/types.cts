import { Outbox, type OutboxProps } from 'cdk-outbox';
import { createInbox, defineEvent, type InboxMessage } from 'cdk-outbox/runtime';
import { createMemoryStore } from 'cdk-outbox/testing';
import { z } from 'zod';

export const OrderPlaced = defineEvent('order.placed', {
  aggregate: 'order',
  schema: z.object({ total: z.number() }),
});
export const handler = createInbox().on(OrderPlaced, async ({ data }) => {
  const total: number = data.total;
  await Promise.resolve(total);
});
// @ts-expect-error the payload is of another type
OrderPlaced('42', { total: 'much' });
export type All = [
  Outbox,
  OutboxProps,
  InboxMessage<unknown>,
  ReturnType<typeof createMemoryStore>,
];
