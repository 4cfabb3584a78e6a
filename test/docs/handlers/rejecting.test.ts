import { testInbox } from 'cdk-outbox/testing';
import { expect, test } from 'vitest';
import { handler } from './bill-order.ts';
import { OrderPlaced } from './events.ts';

test('inbox emits one event for each bill', async () => {
  const inbox = testInbox(handler, { tables: { invoices: 'id' } });
  await inbox.deliver(OrderPlaced('42', { orderId: '42', total: 9 }));
  expect(inbox.events).toMatchObject([{ type: 'order.billed', data: { orderId: '42' } }]);
});

test('inbox sends an order with a negative total to the dead-letter queue', async () => {
  const inbox = testInbox(handler, { tables: { invoices: 'id' } });
  const { deadLetters } = await inbox.deliver(OrderPlaced('42', { orderId: '42', total: -1 }));
  expect(deadLetters).toMatchObject([
    { code: 'HANDLER_REJECTED', reason: 'order 42 has a negative total' },
  ]);
  expect(inbox.items('invoices')).toEqual([]);
});
