import { PutCommand } from '@aws-sdk/lib-dynamodb';
import type { OutboxEvent } from 'cdk-outbox/runtime';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import {
  OrderCancelled,
  OrderPlaced,
  PaymentRequested,
  RefundRequested,
  StockRequested,
} from '../../examples/shared/events.ts';
import { createIdTable } from '../support/create-tables.ts';
import { localClient } from '../support/tables.ts';
import { startLocalQueue, type LocalQueue } from './support/local-queue.ts';
import { deliver, openService, type Consumer, type Service } from './support/service.ts';

let queue: LocalQueue;
let service: Service;
let stock: string;
let handleOrders: Consumer;

beforeAll(async () => {
  stock = await createIdTable(localClient());
  queue = await startLocalQueue();
  const queueUrl = `${queue.url}/inventory`;
  service = await openService(
    'inventory',
    { AWS_ENDPOINT_URL_SQS: queue.url, STOCK_TABLE: stock },
    { ordered: { queueUrl, adoptWaitMs: 60_000, replayWaitMs: 60_000 } },
  );
  ({ handler: handleOrders } = await import('../../examples/inventory/handle-orders.ts'));
});

afterAll(async () => {
  await queue[Symbol.asyncDispose]();
});

/** What the orders service says of an order of two pieces, in its sequence. */
function historyOf(orderId: string): Record<'before' | 'request' | 'cancel', OutboxEvent[]> {
  const sku = `product-of-${orderId}`;
  const order = { orderId, sku, quantity: 2 };
  const of = { customer: 'ada', card: 'card-good', total: 12 };
  return {
    before: [
      OrderPlaced(orderId, { ...order, ...of }, { sequence: 1 }),
      PaymentRequested(orderId, { orderId, amount: 12, card: 'card-good' }, { sequence: 2 }),
    ],
    request: [StockRequested(orderId, order, { sequence: 3 })],
    cancel: [
      RefundRequested(orderId, { orderId }, { sequence: 4 }),
      OrderCancelled(orderId, { orderId, reason: 'changed mind' }, { sequence: 5 }),
    ],
  };
}

async function stockUp(orderId: string, available: number): Promise<void> {
  const Item = { id: `product-of-${orderId}`, available };
  await service.documents.send(new PutCommand({ TableName: stock, Item }));
}

/** How many of the order's product are free, how many are set aside, and how many of them for the order. */
async function piecesOf(orderId: string): Promise<object> {
  const [product, reservation] = await Promise.all([
    service.row(stock, `product-of-${orderId}`),
    service.row(stock, `reservation/${orderId}`),
  ]);
  const { available = 0, reserved = 0 } = product ?? {};
  return { available, reserved, forOrder: reservation?.['quantity'] ?? 0 };
}

describe('inventory', () => {
  it('reserves what an order asks for, once', async () => {
    const { before, request } = historyOf('reserve');
    await stockUp('reserve', 5);
    await deliver(handleOrders, ...before);

    const back = [await deliver(handleOrders, ...request), await deliver(handleOrders, ...request)];

    expect(back).toEqual([0, 0]);
    expect(await piecesOf('reserve')).toEqual({ available: 3, reserved: 2, forOrder: 2 });
    expect(await service.written('reserve')).toEqual([
      { type: 'stock.reserved', data: { orderId: 'reserve' } },
    ]);
  });

  it('says that there is not enough, and reserves nothing', async () => {
    const { before, request } = historyOf('missing');
    await stockUp('missing', 1);

    await deliver(handleOrders, ...before, ...request);

    expect(await piecesOf('missing')).toEqual({ available: 1, reserved: 0, forOrder: 0 });
    expect(await service.written('missing')).toEqual([
      { type: 'stock.missing', data: { orderId: 'missing' } },
    ]);
  });

  it('knows of no product that it never had', async () => {
    const { before, request } = historyOf('unheard');

    await deliver(handleOrders, ...before, ...request);

    expect(await service.written('unheard')).toMatchObject([{ type: 'stock.missing' }]);
  });

  it('frees what was reserved for an order that is cancelled, once', async () => {
    const { before, request, cancel } = historyOf('cancel');
    await stockUp('cancel', 5);
    await deliver(handleOrders, ...before, ...request);

    const back = [await deliver(handleOrders, ...cancel), await deliver(handleOrders, ...cancel)];

    expect(back).toEqual([0, 0]);
    expect(await piecesOf('cancel')).toEqual({ available: 5, reserved: 0, forOrder: 0 });
  });

  it('has nothing to free where nothing was reserved', async () => {
    const { before, request, cancel } = historyOf('nothing');
    await stockUp('nothing', 1);

    const back = await deliver(handleOrders, ...before, ...request, ...cancel);

    expect(back).toBe(0);
    expect(await piecesOf('nothing')).toEqual({ available: 1, reserved: 0, forOrder: 0 });
  });

  it('keeps nothing reserved though the cancelling comes before the request', async () => {
    const { before, request, cancel } = historyOf('overtaken');
    await stockUp('overtaken', 5);

    await deliver(handleOrders, ...before);
    await deliver(handleOrders, ...cancel);
    const early = await piecesOf('overtaken');
    await deliver(handleOrders, ...request);
    await queue.drain(handleOrders);

    expect(early).toEqual({ available: 5, reserved: 0, forOrder: 0 });
    expect(await service.written('overtaken')).toMatchObject([{ type: 'stock.reserved' }]);
    expect(await piecesOf('overtaken')).toEqual({ available: 5, reserved: 0, forOrder: 0 });
  });
});
