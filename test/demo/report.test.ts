import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { makeRequests } from '../../bin/demo/orders.ts';
import { isRight, linesOf, percentile, renderReport } from '../../bin/demo/report.ts';
import type { Tally } from '../../bin/demo/tally.ts';

const requests = makeRequests('run', 3);

const right: Tally = {
  orders: { committed: 3, billed: 3 },
  orderPlaced: { committed: 3, delivered: 3, handled: { billing: 3, warehouse: 3 } },
  invoiceCreated: { committed: 3, delivered: 3, handled: { orders: 3 } },
  owed: { sum: 33, times: 3 },
  reserved: { sum: 6, times: 3 },
  eventsOfFailed: 0,
  queued: 0,
  deadLetters: 0,
  latenciesMs: [30, 10, 20],
};

function wrongLabels(tally: Tally): string[] {
  return linesOf(tally, { requests, copies: 4 })
    .filter((line) => !isRight(line))
    .map(({ label }) => label);
}

describe('the report', () => {
  it('finds nothing wrong where everything was handled once', () => {
    expect(wrongLabels(right)).toEqual([]);
  });

  it.each<[string, Partial<Tally>]>([
    ['orders committed', { orders: { committed: 4, billed: 3 } }],
    ['orders billed', { orders: { committed: 3, billed: 2 } }],
    ['order.placed committed', { orderPlaced: { ...right.orderPlaced, committed: 4 } }],
    ['order.placed delivered', { orderPlaced: { ...right.orderPlaced, delivered: 2 } }],
    [
      'order.placed handled by warehouse',
      { orderPlaced: { ...right.orderPlaced, handled: { billing: 3, warehouse: 2 } } },
    ],
    ['invoice.created delivered', { invoiceCreated: { ...right.invoiceCreated, delivered: 0 } }],
    ['owed by all customers', { owed: { sum: 44, times: 3 } }],
    ['reserved of all products', { reserved: { sum: 7, times: 3 } }],
    ['duplicates dropped', { queued: 1 }],
    ['duplicates dropped', { owed: { sum: 33, times: 4 } }],
    ['duplicates dropped', { reserved: { sum: 6, times: 4 } }],
    ['events of failed transactions', { eventsOfFailed: 1 }],
  ])('finds a wrong number of %s', (label, change) => {
    expect(wrongLabels({ ...right, ...change })).toEqual([label]);
  });

  it('takes no dead letter for a duplicate that was dropped', () => {
    expect(wrongLabels({ ...right, deadLetters: 1 })).toEqual([
      'duplicates dropped',
      'dead letters',
    ]);
  });

  it('shows what is wrong, and how long it took', () => {
    const lines = linesOf({ ...right, owed: { sum: 44, times: 3 } }, { requests, copies: 4 });

    const text = renderReport(lines, right.latenciesMs);

    expect(text).toMatch(/owed by all customers +│ +44 │ +33 │ ✗ wrong/);
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
    const placed = requests.filter(({ mustFail }) => !mustFail);
    const failing = requests.filter(({ mustFail }) => mustFail);

    expect(placed).toHaveLength(3);
    expect(failing).toHaveLength(1);
    expect(placed.map(({ order }) => order.orderId)).toContain(failing[0]?.order.orderId);
  });

  it('can each be told from every other by the correlation id', () => {
    const ids = makeRequests('run', 50).map(({ correlationId }) => correlationId);

    expect(new Set(ids).size).toBe(ids.length);
  });
});
