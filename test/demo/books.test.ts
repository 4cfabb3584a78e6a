import { describe, expect, it } from 'vitest';

import { booksOf } from '../../bin/demo/books.ts';
import type { Account, Ledgers } from '../../bin/demo/ledgers.ts';

const order = {
  orderId: '42',
  customer: 'ada',
  card: 'card-good',
  sku: 'book',
  quantity: 2,
  total: 12,
};
const fulfilled: Account = { order, fate: 'fulfilled', kept: 12, reserved: 2 };
const cancelled: Account = { order, fate: 'out of stock', kept: 0, reserved: 0 };
const charge = { reference: '42', charged: 12, refunded: 0, asked: 1 };
const given = { ...charge, refunded: 12 };

function ledgersWith(change: Partial<Ledgers>): Ledgers {
  return { accounts: [fulfilled], charges: [charge], shipped: 2, ...change };
}

describe('the books', () => {
  it('agree where an order is paid, reserved and shipped', () => {
    expect(booksOf(ledgersWith({}))).toEqual({
      placed: 1,
      fates: new Map([['42', 'fulfilled']]),
      sold: 12,
      kept: { payment: 12, provider: 12 },
      pieces: { sold: 2, reserved: 2, shipped: 2 },
      disagreed: [],
      chargedTwice: [],
      strayCharges: 0,
    });
  });

  it('agree where nothing is left of an order that was cancelled', () => {
    const books = booksOf(ledgersWith({ accounts: [cancelled], charges: [given], shipped: 0 }));

    expect(books).toMatchObject({ sold: 0, kept: { payment: 0, provider: 0 } });
    expect(books).toMatchObject({ disagreed: [], chargedTwice: [] });
  });

  it('take all charges for an order together, under any idempotency key', () => {
    const books = booksOf(ledgersWith({ charges: [charge, charge] }));

    expect(books.chargedTwice).toEqual(['42']);
    expect(books.disagreed).toEqual(['42']);
    expect(books.kept.provider).toBe(24);
  });

  it.each([
    ['was given back', [charge, given]],
    ['is part of a charge too large', [{ ...charge, charged: 24, refunded: 12 }]],
  ])('know of a second charge that %s', (_, charges) => {
    const books = booksOf(ledgersWith({ charges }));

    expect(books.chargedTwice).toEqual(['42']);
    expect(books.disagreed).toEqual([]);
  });

  it('know of a charge that is for none of the orders', () => {
    const books = booksOf(ledgersWith({ charges: [charge, { ...charge, reference: '43' }] }));

    expect(books.strayCharges).toBe(1);
  });

  it.each<[string, Partial<Account>]>([
    ['is not paid', { kept: 0 }],
    ['has nothing reserved', { reserved: 0 }],
    ['was cancelled, though paid and reserved', { fate: 'out of stock' }],
    ['is not there', { fate: 'unknown' }],
  ])('disagree over an order that %s', (_, change) => {
    const books = booksOf(ledgersWith({ accounts: [{ ...fulfilled, ...change }] }));

    expect(books.disagreed).toEqual(['42']);
  });
});
