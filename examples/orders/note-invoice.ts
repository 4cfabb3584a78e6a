import { createInbox, inboxFrom } from 'cdk-outbox/runtime';

import { InvoiceCreated } from '../shared/events.ts';

/** Billing has written an invoice: its order is billed. */
export const handler = createInbox(inboxFrom(process.env)).on(InvoiceCreated, ({ data }, tx) => {
  tx.update({
    TableName: process.env['ORDERS_TABLE'],
    Key: { id: data.orderId },
    UpdateExpression: 'SET #state = :billed, invoiceId = :invoiceId',
    ExpressionAttributeNames: { '#state': 'state' },
    ExpressionAttributeValues: { ':billed': 'billed', ':invoiceId': data.invoiceId },
  });
});
