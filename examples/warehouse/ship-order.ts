import { createInbox } from 'cdk-outbox/runtime';

import { OrderFulfilled } from '../shared/events.ts';

/**
 * Ships what was ordered.
 *
 * Counting is not repeatable: it comes out right because it commits together with the note that this message was
 * handled.
 */
export const handler = createInbox().on(OrderFulfilled, ({ data }, tx) => {
  tx.update({
    TableName: process.env['SHIPMENTS_TABLE'],
    Key: { id: data.sku },
    UpdateExpression: 'ADD shipped :quantity, orders :one',
    ExpressionAttributeValues: { ':quantity': data.quantity, ':one': 1 },
  });
});
