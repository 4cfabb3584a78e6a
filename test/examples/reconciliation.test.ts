import { PutCommand } from '@aws-sdk/lib-dynamodb';
import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import type { Reconciliation } from 'cdk-outbox/runtime';
import { beforeAll, describe, expect, it } from 'vitest';

import type * as OrdersBetween from '../../examples/orders/orders-between.ts';
import { toRow, type Order } from '../../examples/orders/order.ts';
import type * as PlaceOrder from '../../examples/orders/place-order.ts';
import { reconciliationToEnvironment } from '../../lib/table/reconciliation.ts';
import { localClient } from '../support/tables.ts';
import { createOrdersTable } from './support/orders-table.ts';
import { openService, setVariables, type Service } from './support/service.ts';

const minuteMs = 60_000;
let service: Service;
let orders: string;
let ordersBetween: typeof OrdersBetween.ordersBetween;
let placeOrder: typeof PlaceOrder.handler;
let reconcile: Reconciliation;

beforeAll(async () => {
  orders = await createOrdersTable(localClient());
  service = await openService('orders', { ORDERS_TABLE: orders });
  const reconciliation = {
    ...{ name: 'orders', tableName: service.outboxTable, shards: 1, source: 'orders' },
    ...{ windowMs: 20 * minuteMs, mode: 'repair' as const, consumers: [] },
  };
  setVariables(reconciliationToEnvironment(reconciliation, JSON.stringify));
  ({ ordersBetween } = await import('../../examples/orders/orders-between.ts'));
  ({ handler: placeOrder } = await import('../../examples/orders/place-order.ts'));
  ({ handler: reconcile } = await import('../../examples/orders/reconcile.ts'));
});

function orderOf(orderId: string): Order {
  const order = { orderId, customer: 'ada', card: 'card-good', sku: 'book' };
  return { ...order, quantity: 2, total: 12, payWithinSeconds: 3_600 };
}

/** Puts an order into the table without its event. */
async function importOrder(orderId: string, placedAt: number): Promise<void> {
  const Item = toRow(orderOf(orderId), placedAt);
  await service.documents.send(new PutCommand({ TableName: orders, Item }));
}

/** Places an order as a customer does. */
async function place(orderId: string): Promise<unknown> {
  const request = { headers: {}, body: JSON.stringify(orderOf(orderId)), isBase64Encoded: false };
  return (await placeOrder(request as unknown as APIGatewayProxyEventV2)).statusCode;
}

/** The orders of a window, from ISO 8601 to ISO 8601. */
async function found(from: string, to: string): Promise<Order[]> {
  const orders: Order[] = [];
  const window = { since: Date.parse(from), until: Date.parse(to) };
  for await (const order of ordersBetween(window)) orders.push(order);
  return orders;
}

async function idsBetween(from: string, to: string): Promise<string[]> {
  return (await found(from, to)).map(({ orderId }) => orderId);
}

describe('the orders of a window', () => {
  beforeAll(async () => {
    const times = {
      'first day, early': '2025-03-01T00:00:00.000Z',
      'first day, late': '2025-03-01T23:59:59.999Z',
      'second day, early': '2025-03-02T00:00:00.000Z',
      'second day, late': '2025-03-02T20:00:00.000Z',
      'third day': '2025-03-03T12:00:00.000Z',
    };
    for (const [id, time] of Object.entries(times)) await importOrder(id, Date.parse(time));
  });

  it('are those of all its days, by time', async () => {
    expect(await idsBetween('2025-03-01T00:00:00Z', '2025-03-04T00:00:00Z')).toEqual([
      'first day, early',
      'first day, late',
      'second day, early',
      'second day, late',
      'third day',
    ]);
  });

  it('are those of both days where it is short, and goes over midnight', async () => {
    expect(await idsBetween('2025-03-01T23:00:00Z', '2025-03-02T00:30:00Z')).toEqual([
      'first day, late',
      'second day, early',
    ]);
  });

  it('are those of the last day too, though less than a day of it is left', async () => {
    expect(await idsBetween('2025-03-01T12:00:00Z', '2025-03-02T21:00:00Z')).toEqual([
      'first day, late',
      'second day, early',
      'second day, late',
    ]);
  });

  it('take in its beginning, and not its end', async () => {
    expect(await idsBetween('2025-03-01T23:59:59.999Z', '2025-03-02T20:00:00Z')).toEqual([
      'first day, late',
      'second day, early',
    ]);
  });

  it('are none where nothing was placed', async () => {
    expect(await idsBetween('2025-02-01T00:00:00Z', '2025-02-03T00:00:00Z')).toEqual([]);
  });

  it('are as they were placed', async () => {
    expect(await found('2025-03-03T12:00:00Z', '2025-03-03T13:00:00Z')).toEqual([
      orderOf('third day'),
    ]);
  });
});

describe('the reconciliation of orders', () => {
  it('finds the order that has no event, writes the event, and finds nothing more', async () => {
    await importOrder('imported', Date.now() - 10 * minuteMs);
    const placed = await place('placed');

    const report = await reconcile();
    const again = await reconcile();

    expect(placed).toBe(201);
    expect(report).toMatchObject({ expected: 2, events: 1 });
    expect(report.missing).toMatchObject([{ type: 'order.placed', aggregate: 'order/imported' }]);
    expect(await service.written('imported')).toEqual([
      { type: 'order.placed', data: orderOf('imported') },
    ]);
    expect(again).toMatchObject({ expected: 2, events: 2, missing: [] });
    expect(await service.written('placed')).toHaveLength(1);
  });
});
