import type { Charge } from '../../examples/provider/charges.ts';
import type { Account, Ledgers } from './ledgers.ts';
import { sumOf } from './sum.ts';

/** What the services' own tables say of a run's orders, taken together. */
export interface Books {
  readonly placed: number;
  /** The outcome of each order, by id; `unknown` if it does not exist. */
  readonly fates: ReadonlyMap<string, string>;
  /** Totals of the orders that the orders service takes for fulfilled. */
  readonly sold: number;
  /** Money that payment took and did not give back; the same by the provider's books. */
  readonly kept: { readonly payment: number; readonly provider: number };
  /** Pieces that the fulfilled orders are of, that inventory reserved, that the warehouse shipped. */
  readonly pieces: Readonly<Record<'sold' | 'reserved' | 'shipped', number>>;
  /** Orders over which the tables disagree, by id. */
  readonly disagreed: readonly string[];
  /** Orders that the provider has more than one charge for, or took too much for, by id. */
  readonly chargedTwice: readonly string[];
  /** How many of the provider's charges are for none of the orders. */
  readonly strayCharges: number;
}

/** What everybody knows of one order: the shop, and the provider. */
interface FullAccount extends Account {
  readonly charges: readonly Charge[];
}

/** Compares the tables. */
export function booksOf({ accounts, charges, shipped }: Ledgers): Books {
  const chargesFor = Map.groupBy(charges, ({ reference }) => reference);
  const all = accounts.map((account) => ({
    ...account,
    charges: chargesFor.get(account.order.orderId) ?? [],
  }));
  const fulfilled = all.filter(isFulfilled);
  return {
    placed: all.filter(({ fate }) => fate !== 'unknown').length,
    fates: new Map(all.map(({ order, fate }) => [order.orderId, fate])),
    sold: sumOf(fulfilled, ({ order }) => order.total),
    kept: { payment: sumOf(all, ({ kept }) => kept), provider: sumOf(all, keptByProvider) },
    pieces: {
      sold: sumOf(fulfilled, ({ order }) => order.quantity),
      reserved: sumOf(all, ({ reserved }) => reserved),
      shipped,
    },
    disagreed: idsOf(all.filter((account) => !isAgreed(account))),
    chargedTwice: idsOf(all.filter(isChargedTwice)),
    strayCharges: charges.length - sumOf(all, (account) => account.charges.length),
  };
}

function isFulfilled({ fate }: Account): boolean {
  return fate === 'fulfilled';
}

/** Paid and reserved if it is fulfilled; neither if it is not. */
function isAgreed(account: FullAccount): boolean {
  const { order, kept, reserved } = account;
  const [money, pieces] = isFulfilled(account) ? [order.total, order.quantity] : [0, 0];
  return kept === money && keptByProvider(account) === money && reserved === pieces;
}

/** Also where it was given back. */
function isChargedTwice({ order, charges }: FullAccount): boolean {
  return charges.length > 1 || sumOf(charges, ({ charged }) => charged) > order.total;
}

function keptByProvider({ charges }: FullAccount): number {
  return sumOf(charges, ({ charged, refunded }) => charged - refunded);
}

function idsOf(accounts: readonly Account[]): string[] {
  return accounts.map(({ order }) => order.orderId);
}
