import { createOutbox } from 'cdk-outbox/runtime';
import { OrderPlaced } from './events.ts';

const outbox = createOutbox();

export async function handler(order: { orderId: string; total: number }) {
  await outbox.write({
    items: [
      {
        Update: {
          TableName: 'customers',
          Key: { id: 'ada' },
          UpdateExpression: 'SET orders = if_not_exists(orders, :none) + :one',
          ExpressionAttributeValues: { ':none': 0, ':one': 1 },
        },
      },
    ],
    events: [OrderPlaced(order.orderId, order)],
  });
}
