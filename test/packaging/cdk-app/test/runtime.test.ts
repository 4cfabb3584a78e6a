import { defineEvent, OutboxError } from 'cdk-outbox/runtime';
import { z } from 'zod';
import { OrderPlaced } from '../lib/events';

test('the runtime works under jest', () => {
  expect(OrderPlaced('42', { orderId: '42', total: 1 }).aggregate).toBe('order/42');
  expect(() => defineEvent('no type', { aggregateType: 'order', schema: z.object({}) })).toThrow(
    expect.objectContaining({ code: 'EVENT_TYPE_INVALID' }),
  );
  expect(OutboxError.is(new Error('other'))).toBe(false);
});
