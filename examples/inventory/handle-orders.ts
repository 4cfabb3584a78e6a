import { createInbox } from 'cdk-outbox/runtime';

import { OrderCancelled, StockMissing, StockRequested, StockReserved } from '../shared/events.ts';
import { countAvailable, findReservation, release, reserve } from './stock.ts';

/**
 * Reserves what orders ask for, and frees what is reserved for an order that is cancelled.
 *
 * It gets each order's events in their sequence: what is cancelled is not reserved afterwards.
 */
export const handler = createInbox()
  .on(StockRequested, async ({ data }, tx) => {
    const { orderId, sku, quantity } = data;
    if ((await countAvailable(sku)) < quantity) {
      tx.emit(StockMissing(orderId, { orderId }));
      return;
    }
    reserve(data, tx);
    tx.emit(StockReserved(orderId, { orderId }));
  })
  .on(OrderCancelled, async ({ data }, tx) => {
    const reservation = await findReservation(data.orderId);
    if (reservation !== undefined) release(reservation, tx);
  });
