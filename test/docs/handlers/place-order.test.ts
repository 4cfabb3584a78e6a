import { testOutbox } from 'cdk-outbox/testing';
import { expect, test } from 'vitest';
import { handler } from './place-order.ts';

test('producer counts an order and writes its event', async () => {
  const { items, events } = await testOutbox(() => handler({ orderId: '42', total: 9 }), {
    tables: { customers: 'id' },
    items: { customers: [{ id: 'ada', orders: 1 }] },
  });
  expect(items('customers')).toEqual([{ id: 'ada', orders: 2 }]);
  expect(events).toMatchObject([{ type: 'order.placed', aggregate: 'order/42' }]);
});
