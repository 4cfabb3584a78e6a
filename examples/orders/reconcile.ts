import {
  createReconciliation,
  type OutboxEvent,
  type ReconciliationWindow,
} from 'cdk-outbox/runtime';

import { OrderPlaced } from '../shared/events.ts';
import { ordersBetween } from './orders-between.ts';

/** Writes the event of an order that has none, and sends what an inbox does not know once more. */
export const handler = createReconciliation({ expectedEvents });

/** Each order was placed with its event; one that somebody put into the table by hand was not. */
async function* expectedEvents(window: ReconciliationWindow): AsyncIterable<OutboxEvent> {
  for await (const order of ordersBetween(window)) {
    yield OrderPlaced(order.orderId, order, { sequence: 'next' });
  }
}
