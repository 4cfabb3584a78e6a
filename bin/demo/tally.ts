import type { Entry } from '../../lib/contract/entry.ts';
import { timeOfId } from '../../lib/contract/keys.ts';
import type { Clients } from './clients.ts';
import { countMessages, readMarkers, readOutbox, readRows } from './look.ts';
import type { OrderRequest } from './orders.ts';
import type { Shop } from './shop.ts';

/** What to count, and where. */
export interface Run {
  readonly shop: Shop;
  readonly clients: Clients;
  readonly requests: readonly OrderRequest[];
  /** When it began (epoch milliseconds). */
  readonly since: number;
}

/** What the tables and the queues say became of a run's orders. */
export interface Tally {
  readonly orders: { readonly committed: number; readonly billed: number };
  readonly orderPlaced: EventTally;
  readonly invoiceCreated: EventTally;
  /** What the run's customers owe, and by how many invoices. */
  readonly owed: Effects;
  /** What is reserved of the run's products, and by how many orders. */
  readonly reserved: Effects;
  readonly eventsOfFailed: number;
  /** Messages that inboxes have not handled yet. */
  readonly queued: number;
  readonly deadLetters: number;
  readonly latenciesMs: readonly number[];
}

/** What a consumer has added up. */
export interface Effects {
  readonly sum: number;
  readonly times: number;
}

/** One type of event on its way. */
export interface EventTally {
  readonly committed: number;
  readonly delivered: number;
  /** By inbox. */
  readonly handled: Readonly<Record<string, number>>;
}

/** Counts. Assumes nothing: what is not in a table or a queue is not counted. */
export async function takeTally(run: Run): Promise<Tally> {
  const { shop, clients, requests } = run;
  const [placed, invoiced, rows, queued, deadLetters] = await Promise.all([
    followEvents(run, shop.orders.outbox, [shop.billing.inbox, shop.warehouse.inbox]),
    followEvents(run, shop.billing.outbox, [shop.orders.inbox]),
    readBusinessRows(run),
    sumOver(shop, (inbox) => countMessages(clients, inbox.queueUrl)),
    sumOver(shop, (inbox) => countMessages(clients, inbox.deadLetterQueueUrl)),
  ]);
  const failed = new Set(
    requests.filter(({ mustFail }) => mustFail).map(({ correlationId }) => correlationId),
  );
  const events = [...placed.entries, ...invoiced.entries];
  return {
    ...rows,
    orderPlaced: placed.tally,
    invoiceCreated: invoiced.tally,
    eventsOfFailed: events.filter(({ correlationId = '' }) => failed.has(correlationId)).length,
    queued,
    deadLetters,
    latenciesMs: placed.latenciesMs,
  };
}

interface Followed {
  readonly tally: EventTally;
  readonly entries: readonly Entry[];
  readonly latenciesMs: readonly number[];
}

/** The run's events of one outbox, through its receipts to the markers of those who handle them. */
async function followEvents(
  { clients, requests, since }: Run,
  outbox: Shop['orders']['outbox'],
  inboxes: readonly Shop['orders']['inbox'][],
): Promise<Followed> {
  const ofRun = new Set(requests.map(({ correlationId }) => correlationId));
  const contents = await readOutbox(clients, outbox, since);
  const entries = contents.entries.filter(({ correlationId = '' }) => ofRun.has(correlationId));
  const ids = entries.map(({ id }) => id);
  const markers = await Promise.all(inboxes.map((inbox) => readMarkers(clients, inbox, ids)));
  return {
    entries,
    tally: {
      committed: entries.length,
      delivered: ids.filter((id) => contents.published.has(id)).length,
      handled: Object.fromEntries(
        inboxes.map(({ name }, index) => [name, markers[index]?.size ?? 0]),
      ),
    },
    latenciesMs: markers.flatMap((handled) =>
      [...handled].map(([id, handledAt]) => handledAt - timeOfId(id)),
    ),
  };
}

async function readBusinessRows({
  shop,
  clients,
  requests,
}: Run): Promise<Pick<Tally, 'orders' | 'owed' | 'reserved'>> {
  const idsOf = (name: 'orderId' | 'customer' | 'sku'): string[] =>
    requests.map(({ order }) => order[name]);
  const [orders, accounts, stock] = await Promise.all([
    readRows(clients, shop.orders.table, idsOf('orderId')),
    readRows(clients, shop.billing.table, idsOf('customer')),
    readRows(clients, shop.warehouse.table, idsOf('sku')),
  ]);
  return {
    orders: {
      committed: orders.length,
      billed: orders.filter(({ state }) => state === 'billed').length,
    },
    owed: effects(accounts, 'owed', 'invoices'),
    reserved: effects(stock, 'reserved', 'orders'),
  };
}

function effects(
  rows: readonly Record<string, unknown>[],
  sumOf: string,
  timesOf: string,
): Effects {
  const total = (name: string): number => sum(rows.map((row) => Number(row[name])));
  return { sum: total(sumOf), times: total(timesOf) };
}

async function sumOver(
  { orders, billing, warehouse }: Shop,
  count: (inbox: Shop['orders']['inbox']) => Promise<number>,
): Promise<number> {
  return sum(await Promise.all([orders, billing, warehouse].map(({ inbox }) => count(inbox))));
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
