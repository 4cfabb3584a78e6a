import { createInbox, reject } from 'cdk-outbox/runtime';
import { OrderBilled, OrderPlaced } from './events.ts';

export const handler = createInbox().on(OrderPlaced, ({ data }, tx) => {
  if (data.total < 0) reject(`order ${data.orderId} has a negative total`);
  tx.put({ TableName: 'invoices', Item: { id: data.orderId, total: data.total } });
  tx.emit(OrderBilled(data.orderId, { orderId: data.orderId }));
});
