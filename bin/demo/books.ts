import { readRows, type Row } from './look.ts';
import type { OrderRequest } from './orders.ts';
import { placedOf, type Run } from './run.ts';

/** What the services' own tables say of a run's orders. */
export interface Books {
  readonly placed: number;
  /** What became of each order, by id; `unknown` of one that is not there. */
  readonly fates: ReadonlyMap<string, string>;
  /** Totals of the orders that the orders service takes for fulfilled. */
  readonly sold: number;
  /** Money that payment took and did not give back; the same by the provider's books. */
  readonly kept: { readonly payment: number; readonly provider: number };
  /** Pieces that the fulfilled orders are of, that inventory reserved, that the warehouse shipped. */
  readonly pieces: Readonly<Record<'sold' | 'reserved' | 'shipped', number>>;
  /** Orders over which the tables disagree, by id. */
  readonly disagreed: readonly string[];
  /** Orders that the provider took money for more than once, by id. */
  readonly chargedTwice: readonly string[];
}

/** What each service knows of one order. */
interface Account {
  readonly order: OrderRequest['order'];
  readonly fate: string;
  readonly byPayment: number;
  readonly byProvider: number;
  readonly charged: number;
  readonly reserved: number;
}

/** Reads the tables of orders, payment, inventory and the provider. */
export async function readBooks(run: Run): Promise<Books> {
  const [accounts, shipped] = await Promise.all([readAccounts(run), countShipped(run)]);
  const fulfilled = accounts.filter(isFulfilled);
  const total = (all: readonly Account[], of: (account: Account) => number): number =>
    all.reduce((sum, account) => sum + of(account), 0);
  return {
    placed: accounts.filter(({ fate }) => fate !== 'unknown').length,
    fates: new Map(accounts.map(({ order, fate }) => [order.orderId, fate])),
    sold: total(fulfilled, ({ order }) => order.total),
    kept: {
      payment: total(accounts, ({ byPayment }) => byPayment),
      provider: total(accounts, ({ byProvider }) => byProvider),
    },
    pieces: {
      sold: total(fulfilled, ({ order }) => order.quantity),
      reserved: total(accounts, ({ reserved }) => reserved),
      shipped,
    },
    disagreed: idsOf(accounts.filter((account) => !isAgreed(account))),
    chargedTwice: idsOf(accounts.filter(({ order, charged }) => charged > order.total)),
  };
}

async function readAccounts(run: Run): Promise<Account[]> {
  const { shop, clients } = run;
  const placed = placedOf(run).map(({ order }) => order);
  const read = async (table: string, prefix = ''): Promise<Map<string, Row>> => {
    const rows = await readRows(
      clients,
      table,
      placed.map(({ orderId }) => prefix + orderId),
    );
    return new Map(rows.map((row) => [String(row['id']).slice(prefix.length), row]));
  };
  const [orders, payments, charges, reservations] = await Promise.all([
    read(shop.orders.table),
    read(shop.payment.table),
    read(shop.provider.table),
    read(shop.inventory.table, 'reservation/'),
  ]);
  return placed.map((order) => ({
    order,
    fate: fateOf(orders.get(order.orderId)),
    byPayment: keptOf(payments.get(order.orderId)),
    byProvider: keptOf(charges.get(order.orderId)),
    charged: Number(charges.get(order.orderId)?.['charged'] ?? 0),
    reserved: Number(reservations.get(order.orderId)?.['quantity'] ?? 0),
  }));
}

/** The warehouse counts by product. */
async function countShipped(run: Run): Promise<number> {
  const products = placedOf(run).map(({ order }) => order.sku);
  const rows = await readRows(run.clients, run.shop.warehouse.table, products);
  return rows.reduce((sum, { shipped }) => sum + Number(shipped), 0);
}

/** An order is its state, or why it was cancelled. */
function fateOf(row: Row | undefined): string {
  const { state = 'unknown', reason = state } = (row ?? {}) as { state?: string; reason?: string };
  return reason;
}

function keptOf(row: Row | undefined): number {
  return Number(row?.['charged'] ?? 0) - Number(row?.['refunded'] ?? 0);
}

function isFulfilled({ fate }: Account): boolean {
  return fate === 'fulfilled';
}

/** Paid and reserved if it is fulfilled; neither if it is not. */
function isAgreed(account: Account): boolean {
  const { order, byPayment, byProvider, reserved } = account;
  const [money, pieces] = isFulfilled(account) ? [order.total, order.quantity] : [0, 0];
  return byPayment === money && byProvider === money && reserved === pieces;
}

function idsOf(accounts: readonly Account[]): string[] {
  return accounts.map(({ order }) => order.orderId);
}
