import { randomBytes } from 'node:crypto';

import { ReceiveMessageCommand, SendMessageCommand, type Message } from '@aws-sdk/client-sqs';
import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { deliverAgain } from '../../bin/demo/duplicates.ts';
import { makeRequests, placeOrders } from '../../bin/demo/orders.ts';
import { latestOf, poll } from '../../bin/demo/poll.ts';
import type { Run } from '../../bin/demo/run.ts';
import type { InboxPlace } from '../../bin/demo/shop.ts';
import { stockUp } from '../../bin/demo/stock-up.ts';
import { takeTally, type Tally } from '../../bin/demo/tally.ts';
import { entryPrefix, pageKey, pageOf, type Key } from '../../lib/table/keys.ts';
import { keyOfWaiting, type Waiting } from '../../lib/table/waiting.ts';
import { createDynamoDBStore } from '../../lib/dynamodb/outbox-store.ts';
import type { Store } from '../../lib/table/stores.ts';
import { newId } from '../../lib/core/system.ts';
import { deployShop, type DeployedShop } from './deployed-shop.ts';

let deployed: DeployedShop;
let remove = (): Promise<void> => Promise.resolve();

beforeAll(async () => {
  const deployment = await deployShop();
  remove = deployment.remove;
  deployed = await deployment.deployed;
}, 20 * 60_000);

afterAll(async () => {
  await remove();
}, 5 * 60_000);

describe('the deployed example', { timeout: 15 * 60_000 }, () => {
  it('fulfils an order that is paid and in stock, and cancels one that is not', async () => {
    const run = await newRun(5);

    await placeOrders(deployed.shop.apiUrl, run.requests, ignore);
    const tally = await tallyOnce(
      run,
      ({ books: { pieces, fates } }) =>
        pieces.shipped === 5 && ![...fates.values()].includes('placed'),
    );

    expect([...tally.books.fates.values()]).toEqual([
      'fulfilled',
      'payment refused',
      'fulfilled',
      'fulfilled',
      'out of stock',
    ]);
    expect(tally.books).toMatchObject({ disagreed: [], chargedTwice: [] });
    expect(tally.books).toMatchObject({ sold: 35, kept: { payment: 35, provider: 35 } });
    expect(tally.books.pieces).toEqual({ sold: 5, reserved: 5, shipped: 5 });
  });

  it('keeps a receipt for everything it delivered', async () => {
    const run = await newRun(3);

    await placeOrders(deployed.shop.apiUrl, run.requests, ignore);
    const tally = await tallyOnce(run, ({ orderPlaced }) => orderPlaced.delivered === 3);

    expect(tally.orderPlaced).toMatchObject({ committed: 3, delivered: 3 });
  });

  it('writes no event for an order whose transaction failed', async () => {
    const run = await newRun(1);
    const refused = run.requests.filter(({ mustFail }) => mustFail);

    await placeOrders(deployed.shop.apiUrl, run.requests, ignore);
    const tally = await tallyOnce(run, ({ books }) => books.pieces.shipped === 1);

    expect(refused).toHaveLength(1);
    expect(tally).toMatchObject({ eventsOfFailed: 0, orderPlaced: { committed: 1 } });
    expect(tally.books.kept).toEqual({ payment: 10, provider: 10 });
  });

  it('drops messages that are delivered again', async () => {
    const run = await newRun(1);
    await placeOrders(deployed.shop.apiUrl, run.requests, ignore);
    await tallyOnce(run, ({ books }) => books.pieces.shipped === 1);

    const copies = await deliverAgain(run);
    const tally = await tallyOnce(run, ({ queued }) => queued === 0);

    expect(copies).toBe(2);
    expect(tally).toMatchObject({ queued: 0, repeated: 0 });
    expect(tally.books.pieces).toEqual({ sold: 1, reserved: 1, shipped: 1 });
  });

  it('moves a message that is none to the dead-letter queue, with the reason', async () => {
    const body = `nonsense ${randomBytes(4).toString('hex')}`;
    const { inbox } = deployed.shop.payment;

    await deployed.clients.queues.send(
      new SendMessageCommand({ QueueUrl: inbox.queueUrl, MessageBody: body }),
    );
    const letter = await deadLetter(inbox, body);

    expect(letter.MessageAttributes).toMatchObject({
      outboxErrorCode: { StringValue: 'MESSAGE_INVALID' },
      outboxInboxName: { StringValue: 'payment' },
    });
  });

  it('parks a row of the outbox table that is no entry, and delivers what comes behind it', async () => {
    const { table, shards } = deployed.shop.orders.outbox;
    const store = createDynamoDBStore({
      client: deployed.clients.tables,
      tableName: table,
      shards,
    });
    const now = Date.now();
    const key = { pk: pageKey(pageOf(now), 0), sk: `${entryPrefix}${newId(now)}` };
    const run = await newRun(1);

    await deployed.clients.documents.send(
      new PutCommand({ TableName: table, Item: { ...key, type: 'nonsense' } }),
    );
    await placeOrders(deployed.shop.apiUrl, run.requests, ignore);
    const tally = await tallyOnce(run, ({ books }) => books.pieces.shipped === 1);

    expect(tally.books.pieces.shipped).toBe(1);
    expect(await parked(store, key)).toMatchObject({ state: 'parked', entry: { key } });
  });

  it('answers a request that makes no sense with 400, and a question for no order with 404', async () => {
    const { apiUrl } = deployed.shop;

    const nonsense = await fetch(`${apiUrl}/orders`, { method: 'POST', body: '{"orderId":7}' });
    const unknown = await fetch(`${apiUrl}/orders/there-is-none`);

    expect([nonsense.status, unknown.status]).toEqual([400, 404]);
  });
});

function ignore(): void {
  // Progress is for people.
}

/** A run of its own names, so that tests do not see each other's orders, with all in stock that shall be. */
async function newRun(orders: number): Promise<Run> {
  const requests = makeRequests(`e2e-${randomBytes(4).toString('hex')}`, orders);
  const run = { ...deployed, requests, since: Date.now() };
  await stockUp(run);
  return run;
}

function tallyOnce(run: Run, willDo: (tally: Tally) => boolean): Promise<Tally> {
  return latestOf(() => takeTally(run), willDo);
}

function deadLetter(inbox: InboxPlace, body: string): Promise<Message> {
  return poll(
    async () => {
      const { Messages = [] } = await deployed.clients.queues.send(
        new ReceiveMessageCommand({
          QueueUrl: inbox.deadLetterQueueUrl,
          MessageAttributeNames: ['All'],
          MaxNumberOfMessages: 10,
          VisibilityTimeout: 0,
        }),
      );
      return Messages.find(({ Body }) => Body === body);
    },
    { until: 'the message is in the dead-letter queue' },
  );
}

function parked(store: Store, key: Key): Promise<Waiting> {
  return poll(() => store.getWaiting(keyOfWaiting({ key, json: '' })), {
    until: 'the row is in the waiting room',
  });
}
