import { randomBytes } from 'node:crypto';

import { ReceiveMessageCommand, SendMessageCommand, type Message } from '@aws-sdk/client-sqs';
import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { deliverAgain } from '../../bin/demo/duplicates.ts';
import { makeRequests, placeOrders } from '../../bin/demo/orders.ts';
import { latestWithin, poll } from '../../bin/demo/poll.ts';
import type { InboxPlace } from '../../bin/demo/shop.ts';
import { takeTally, type Run, type Tally } from '../../bin/demo/tally.ts';
import { entryPrefix, pageKey, pageOf, type Key } from '../../lib/contract/keys.ts';
import { keyOfWaiting, type Waiting } from '../../lib/contract/waiting.ts';
import { createDynamoDBStore } from '../../lib/relay/dynamodb/store.ts';
import type { Store } from '../../lib/relay/store.ts';
import { newId } from '../../lib/runtime/system.ts';
import { deployShop, type DeployedShop } from './deployed-shop.ts';

const patience = 60_000;
let deployed: DeployedShop;
let remove = (): Promise<void> => Promise.resolve();

beforeAll(async () => {
  const deployment = await deployShop();
  remove = deployment.remove;
  deployed = await deployment.deployed;
}, 180_000);

afterAll(async () => {
  await remove();
}, 60_000);

describe('the deployed example', { timeout: 2 * patience }, () => {
  it('bills each order once, reserves its stock once, and tells the order of its invoice', async () => {
    const run = newRun(6);

    await placeOrders(deployed.shop.apiUrl, run.requests, ignore);
    const tally = await tallyOnce(run, ({ orders }) => orders.billed === 6);

    expect(tally).toMatchObject({
      orders: { committed: 6, billed: 6 },
      orderPlaced: { committed: 6, handled: { billing: 6, warehouse: 6 } },
      invoiceCreated: { committed: 6, handled: { orders: 6 } },
      owed: { sum: totalOf(run, 'total'), times: 6 },
      reserved: { sum: totalOf(run, 'quantity'), times: 6 },
    });
  });

  it('keeps a receipt for everything it delivered', async () => {
    const run = newRun(3);

    await placeOrders(deployed.shop.apiUrl, run.requests, ignore);
    const tally = await tallyOnce(
      run,
      ({ invoiceCreated, orderPlaced }) =>
        orderPlaced.delivered === 3 && invoiceCreated.delivered === 3,
    );

    expect(tally.orderPlaced.delivered).toBe(3);
    expect(tally.invoiceCreated.delivered).toBe(3);
  });

  it('writes no event for an order whose transaction failed', async () => {
    const run = newRun(1);
    const refused = run.requests.filter(({ mustFail }) => mustFail);

    await placeOrders(deployed.shop.apiUrl, run.requests, ignore);
    const tally = await tallyOnce(run, ({ orders }) => orders.billed === 1);

    expect(refused).toHaveLength(1);
    expect(tally).toMatchObject({ eventsOfFailed: 0, orderPlaced: { committed: 1 } });
    expect(tally.owed).toEqual({ sum: totalOf(run, 'total'), times: 1 });
  });

  it('drops messages that are delivered again', async () => {
    const run = newRun(2);
    await placeOrders(deployed.shop.apiUrl, run.requests, ignore);
    await tallyOnce(run, ({ orders }) => orders.billed === 2);

    const copies = await deliverAgain(run);
    const tally = await tallyOnce(run, ({ queued }) => queued === 0);

    expect(copies).toBe(4);
    expect(tally).toMatchObject({
      queued: 0,
      owed: { sum: totalOf(run, 'total'), times: 2 },
      reserved: { sum: totalOf(run, 'quantity'), times: 2 },
      invoiceCreated: { committed: 2 },
    });
  });

  it('moves a message that is none to the dead-letter queue, with the reason', async () => {
    const body = `nonsense ${randomBytes(4).toString('hex')}`;
    const { inbox } = deployed.shop.billing;

    await deployed.clients.queues.send(
      new SendMessageCommand({ QueueUrl: inbox.queueUrl, MessageBody: body }),
    );
    const letter = await deadLetter(inbox, body);

    expect(letter.MessageAttributes).toMatchObject({
      outboxReason: { StringValue: 'MESSAGE_INVALID' },
      outboxInbox: { StringValue: 'billing' },
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
    const run = newRun(1);

    await deployed.clients.documents.send(
      new PutCommand({ TableName: table, Item: { ...key, type: 'nonsense' } }),
    );
    await placeOrders(deployed.shop.apiUrl, run.requests, ignore);
    const tally = await tallyOnce(run, ({ orders }) => orders.billed === 1);

    expect(tally.orders.billed).toBe(1);
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

/** A run of its own names, so that tests do not see each other's orders. */
function newRun(orders: number): Run {
  const requests = makeRequests(`e2e-${randomBytes(4).toString('hex')}`, orders);
  return { ...deployed, requests, since: Date.now() };
}

function totalOf({ requests }: Run, name: 'total' | 'quantity'): number {
  return requests
    .filter(({ mustFail }) => !mustFail)
    .reduce((sum, { order }) => sum + order[name], 0);
}

function tallyOnce(run: Run, willDo: (tally: Tally) => boolean): Promise<Tally> {
  return latestWithin(patience, () => takeTally(run), willDo);
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
    { until: 'the message is in the dead-letter queue', timeoutMs: patience },
  );
}

function parked(store: Store, key: Key): Promise<Waiting> {
  return poll(() => store.getWaiting(keyOfWaiting({ key, json: '' })), {
    until: 'the row is in the waiting room',
    timeoutMs: patience,
  });
}
