import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import type { Books } from '../../bin/demo/books.ts';
import { fates, makeRequests } from '../../bin/demo/orders.ts';
import { factsOf, isRight, linesOf, percentile, renderReport } from '../../bin/demo/report.ts';
import { placedOf } from '../../bin/demo/run.ts';
import type { Tally } from '../../bin/demo/tally.ts';

const requests = makeRequests('run', 3);

const right: Tally = {
  books: {
    placed: 3,
    fates: fatesOf('fulfilled', 'payment refused', 'fulfilled'),
    sold: 22,
    kept: { payment: 22, provider: 22 },
    pieces: { sold: 4, reserved: 4, shipped: 4 },
    disagreed: [],
    chargedTwice: [],
    strayCharges: 0,
  },
  orderPlaced: { committed: 3, delivered: 3, handled: 3 },
  repeated: 0,
  eventsOfFailed: 0,
  queued: 0,
  deadLetters: 0,
  latenciesMs: [30, 10, 20],
};

function fatesOf(...ends: string[]): Books['fates'] {
  return new Map(ends.map((fate, index) => [`run-${index}`, fate]));
}

function wrongLabels(tally: Tally): string[] {
  return linesOf(tally, requests)
    .filter((line) => !isRight(line))
    .map(({ label }) => label);
}

describe('the report', () => {
  it('finds nothing wrong where every order came to its end once', () => {
    expect(wrongLabels(right)).toEqual([]);
  });

  it.each<[string, Partial<Books>]>([
    ['orders committed', { placed: 4 }],
    ['orders fulfilled', { fates: fatesOf('paying', 'payment refused', 'fulfilled') }],
    ['orders cancelled: payment refused', { fates: fatesOf('fulfilled', 'paying', 'fulfilled') }],
    ['money: totals of fulfilled orders', { sold: 21 }],
    ['money: kept, says payment', { kept: { payment: 23, provider: 22 } }],
    ['money: kept, says its provider', { kept: { payment: 22, provider: 44 } }],
    ['pieces: of fulfilled orders', { pieces: { ...right.books.pieces, sold: 5 } }],
    ['pieces: reserved, says inventory', { pieces: { ...right.books.pieces, reserved: 5 } }],
    ['pieces: shipped, says the warehouse', { pieces: { ...right.books.pieces, shipped: 5 } }],
    ['orders over which the tables disagree', { disagreed: ['run-1'] }],
    ['orders charged twice', { chargedTwice: ['run-1'] }],
    ['charges for no order', { strayCharges: 1 }],
  ])('finds wrong books: %s', (label, change) => {
    expect(wrongLabels({ ...right, books: { ...right.books, ...change } })).toEqual([label]);
  });

  it('reports an order that was cancelled although its payment was answered', () => {
    const late = fatesOf('fulfilled', 'payment refused', 'no answer about the payment');
    const ofOne = { sold: 10, kept: { payment: 10, provider: 10 } };
    const pieces = { sold: 1, reserved: 1, shipped: 1 };

    const wrong = wrongLabels({
      ...right,
      books: { ...right.books, fates: late, ...ofOne, pieces },
    });

    expect(wrong).toContain('orders fulfilled');
    expect(wrong).toContain('orders cancelled: no answer about the payment');
  });

  it.each<[string, Partial<Tally>]>([
    ['order.placed committed', { orderPlaced: { ...right.orderPlaced, committed: 4 } }],
    ['order.placed delivered', { orderPlaced: { ...right.orderPlaced, delivered: 2 } }],
    ['order.placed handled', { orderPlaced: { ...right.orderPlaced, handled: 2 } }],
    ['events that say a thing again', { repeated: 1 }],
    ['events of failed transactions', { eventsOfFailed: 1 }],
    ['messages not handled yet', { queued: 1 }],
    ['dead letters', { deadLetters: 1 }],
  ])('finds a wrong number of %s', (label, change) => {
    expect(wrongLabels({ ...right, ...change })).toEqual([label]);
  });

  it('shows what is wrong, how many messages were copied, and how long it took', () => {
    const books = { ...right.books, sold: 44 };
    const lines = linesOf({ ...right, books }, requests);

    const text = renderReport(lines, factsOf(right, 7));

    expect(text).toMatch(/totals of fulfilled orders +│ +44 │ +22 │ ✗ wrong/);
    expect(text).toMatch(/copies of messages .*│ +7 │/);
    expect(text).toMatch(/median +│ +20 ms/);
    expect(text).toMatch(/p95 +│ +30 ms/);
  });

  it('takes for a percentile a value that this share of values does not exceed', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer(), { minLength: 1 }),
        fc.double({ min: 0.01, max: 1, noNaN: true }),
        (values, share) => {
          const value = percentile(values, share) ?? Number.NaN;
          const notAbove = values.filter((other) => other <= value).length;
          expect(values).toContain(value);
          expect(notAbove / values.length).toBeGreaterThanOrEqual(share);
        },
      ),
    );
  });
});

describe('the orders of a run', () => {
  it('are as many as asked for, and at least one of them is sent again to fail', () => {
    const placed = placedOf({ requests });
    const failing = requests.filter(({ mustFail }) => mustFail);

    expect(placed).toHaveLength(3);
    expect(failing).toHaveLength(1);
    expect(placed.map(({ order }) => order.orderId)).toContain(failing[0]?.order.orderId);
  });

  it('meet every fate there is', () => {
    const met = new Set(makeRequests('run', 10).map(({ fate }) => fate));

    expect([...met].toSorted()).toEqual(fates.toSorted());
  });

  it('can each be told from every other by the correlation id', () => {
    const ids = makeRequests('run', 50).map(({ correlationId }) => correlationId);

    expect(new Set(ids).size).toBe(ids.length);
  });
});
