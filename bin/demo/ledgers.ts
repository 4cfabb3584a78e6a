import { paginateScan } from '@aws-sdk/lib-dynamodb';

import type { Charge } from '../../examples/provider/charges.ts';
import { readRows, type Row } from './look.ts';
import type { Order } from './orders.ts';
import { placedOf, type Run } from './run.ts';
import { sumOf } from './sum.ts';

/** What the services' own tables say, each by itself. */
export interface Ledgers {
  readonly accounts: readonly Account[];
  /** All charges that the provider ever made, of any key and for any order. */
  readonly charges: readonly Charge[];
  /** Pieces that the warehouse shipped. */
  readonly shipped: number;
}

/** What the shop knows of one order. */
export interface Account {
  readonly order: Order;
  /** Its outcome; `unknown` if the orders service does not have it. */
  readonly fate: string;
  /** Money that payment took and did not give back. */
  readonly kept: number;
  /** Pieces that inventory reserved. */
  readonly reserved: number;
}

/** Reads the tables of orders, payment, inventory, the warehouse and the provider. */
export async function readLedgers(run: Run): Promise<Ledgers> {
  const [accounts, charges, shipped] = await Promise.all([
    readAccounts(run),
    readCharges(run),
    countShipped(run),
  ]);
  return { accounts, charges, shipped };
}

async function readAccounts(run: Run): Promise<Account[]> {
  const { shop, clients } = run;
  const placed = placedOf(run).map(({ order }) => order);
  const read = async (table: string, prefix = ''): Promise<Map<string, Row>> => {
    const ids = placed.map(({ orderId }) => prefix + orderId);
    const rows = await readRows(clients, table, ids);
    return new Map(rows.map((row) => [String(row['id']).slice(prefix.length), row]));
  };
  const [orders, payments, reservations] = await Promise.all([
    read(shop.orders.table),
    read(shop.payment.table),
    read(shop.inventory.table, 'reservation/'),
  ]);
  return placed.map((order) => ({
    order,
    fate: fateOf(orders.get(order.orderId)),
    kept: keptOf(payments.get(order.orderId)),
    reserved: Number(reservations.get(order.orderId)?.['quantity'] ?? 0),
  }));
}

/** Reads the whole table: a charge may have an unexpected key. */
async function readCharges({ shop, clients }: Run): Promise<Charge[]> {
  const charges: Charge[] = [];
  const pages = paginateScan(
    { client: clients.documents },
    { TableName: shop.provider.table, ConsistentRead: true },
  );
  for await (const { Items = [] } of pages) charges.push(...(Items as Charge[]));
  return charges;
}

/** The warehouse counts by product. */
async function countShipped(run: Run): Promise<number> {
  const products = placedOf(run).map(({ order }) => order.sku);
  const rows = await readRows(run.clients, run.shop.warehouse.table, products);
  return sumOf(rows, ({ shipped }) => Number(shipped));
}

/** An order is its state, or why it was cancelled. */
function fateOf(row: Row | undefined): string {
  const { state = 'unknown', reason = state } = (row ?? {}) as { state?: string; reason?: string };
  return reason;
}

function keptOf(row: Row | undefined): number {
  return Number(row?.['charged'] ?? 0) - Number(row?.['refunded'] ?? 0);
}
