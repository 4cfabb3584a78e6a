import { createInbox, inboxFrom } from 'cdk-outbox/runtime';

import { InvoiceCreated, OrderPlaced } from '../shared/events.ts';

const accountsTable = process.env['ACCOUNTS_TABLE'];

/**
 * Puts an order on its customer's account and tells of the invoice.
 *
 * Adding to a balance is not repeatable: it comes out right because it commits together with the note
 * that this message was handled.
 */
export const handler = createInbox(inboxFrom(process.env)).on(OrderPlaced, ({ data }, tx) => {
  const invoiceId = `invoice-${data.orderId}`;
  tx.update({
    TableName: accountsTable,
    Key: { id: data.customer },
    UpdateExpression: 'ADD owed :total, invoices :one',
    ExpressionAttributeValues: { ':total': data.total, ':one': 1 },
  });
  tx.emit(InvoiceCreated(invoiceId, { invoiceId, orderId: data.orderId, total: data.total }));
});
