import { createInbox, inboxFrom } from 'cdk-outbox/runtime';

import { OrderPlaced } from '../shared/events.ts';

/** Reserves what was ordered. */
export const handler = createInbox(inboxFrom(process.env)).on(OrderPlaced, ({ data }, tx) => {
  tx.update({
    TableName: process.env['STOCK_TABLE'],
    Key: { id: data.sku },
    UpdateExpression: 'ADD reserved :quantity, orders :one',
    ExpressionAttributeValues: { ':quantity': data.quantity, ':one': 1 },
  });
});
