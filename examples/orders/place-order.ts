import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { contextFromHeaders, createOutbox, OutboxError, withContext } from 'cdk-outbox/runtime';

import { OrderPlaced } from '../shared/events.ts';
import { bodyOf, reply } from './http.ts';
import { Order, toRow } from './order.ts';

const outbox = createOutbox();
const ordersTable = process.env['ORDERS_TABLE'];

/** `POST /orders`: 201 with the order, 400 for no order, 409 where one of this id exists. */
export async function handler(
  request: APIGatewayProxyEventV2,
): Promise<APIGatewayProxyStructuredResultV2> {
  const order = Order.safeParse(bodyOf(request));
  if (!order.success) return reply(400, { problems: order.error.issues });
  return withContext(contextFromHeaders(request.headers), () => place(order.data));
}

/** The order and its event are written together, or neither. */
async function place(order: Order): Promise<APIGatewayProxyStructuredResultV2> {
  const { orderId } = order;
  const row = toRow(order, Date.now());
  try {
    await outbox.write({
      items: [
        {
          Put: {
            TableName: ordersTable,
            Item: row,
            ConditionExpression: 'attribute_not_exists(id)',
          },
        },
      ],
      events: [OrderPlaced(orderId, order, { sequence: 'next' })],
    });
  } catch (error) {
    if (!OutboxError.is(error, 'CONDITION_FAILED')) throw error;
    return reply(409, { problem: `order ${orderId} exists` });
  }
  return reply(201, { ...order, state: row.state });
}
