import { z } from 'zod';

import type { WriterConfig } from '../../lib/core/environment.ts';
import { defineEvent } from '../../lib/events/define-event.ts';

// A service that writes orders: the events and the outbox that tests of writing share.

export const OrderPlaced = defineEvent('order.placed', {
  version: 2,
  aggregateType: 'order',
  schema: z.object({ total: z.number(), note: z.string().optional() }),
});

export const OrderShipped = defineEvent('order.shipped', {
  aggregateType: 'order',
  schema: z.object({}),
});

export function writerConfig(tableName: string, over: Partial<WriterConfig> = {}): WriterConfig {
  return {
    tableName,
    shards: 4,
    retentionMs: 14 * 24 * 60 * 60 * 1000,
    accepts: [{ types: ['order.*'], maxMessageBytes: 256 * 1024 }],
    ...over,
  };
}
