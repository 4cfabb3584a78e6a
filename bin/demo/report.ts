import Table from 'cli-table3';

import { fates, type Fate, type OrderRequest } from './orders.ts';
import { placedOf } from './run.ts';
import { sumOf } from './sum.ts';
import type { Tally } from './tally.ts';

/** One number of the report, and what it must be. */
export interface Line {
  readonly label: string;
  readonly found: number;
  readonly expected: number;
}

/** Something to know that is neither right nor wrong. */
export interface Fact {
  readonly label: string;
  readonly value: string;
}

/** Each number with its expected value, which follows from the requests. */
export function linesOf(tally: Tally, requests: readonly OrderRequest[]): Line[] {
  const { books, orderPlaced, repeated, eventsOfFailed, queued, deadLetters } = tally;
  const placed = placedOf({ requests });
  const ends = placed.map(({ order, fate }) => ({
    order,
    found: books.fates.get(order.orderId),
    expected: fate,
  }));
  const fulfilled = ends.filter(({ expected }) => expected === 'fulfilled');
  const ofAll = (label: string, found: number): Line => ({ label, found, expected: placed.length });
  const none = (label: string, found: number): Line => ({ label, found, expected: 0 });
  const money = sumOf(fulfilled, ({ order }) => order.total);
  const pieces = sumOf(fulfilled, ({ order }) => order.quantity);
  return [
    ofAll('orders committed', books.placed),
    ofAll('order.placed committed', orderPlaced.committed),
    ofAll('order.placed delivered', orderPlaced.delivered),
    ofAll('order.placed handled', orderPlaced.handled),
    ...fates.map((fate) => fateLine(fate, ends)),
    { label: 'money: totals of fulfilled orders', found: books.sold, expected: money },
    { label: 'money: kept, says payment', found: books.kept.payment, expected: money },
    { label: 'money: kept, says its provider', found: books.kept.provider, expected: money },
    { label: 'pieces: of fulfilled orders', found: books.pieces.sold, expected: pieces },
    { label: 'pieces: reserved, says inventory', found: books.pieces.reserved, expected: pieces },
    { label: 'pieces: shipped, says the warehouse', found: books.pieces.shipped, expected: pieces },
    none('orders over which the tables disagree', books.disagreed.length),
    none('orders charged twice', books.chargedTwice.length),
    none('charges for no order', books.strayCharges),
    none('events that say a thing again', repeated),
    none('events of failed transactions', eventsOfFailed),
    none('messages not handled yet', queued),
    none('dead letters', deadLetters),
  ];
}

/** The actual and the expected outcome of an order. */
interface End {
  readonly found: string | undefined;
  readonly expected: Fate;
}

function fateLine(fate: Fate, ends: readonly End[]): Line {
  const label = fate === 'fulfilled' ? 'orders fulfilled' : `orders cancelled: ${fate}`;
  const count = (name: keyof End): number => ends.filter((end) => end[name] === fate).length;
  return { label, found: count('found'), expected: count('expected') };
}

/** How long things took, and how many messages were delivered more often than once, on purpose. */
export function factsOf({ latenciesMs }: Tally, copies: number): Fact[] {
  return [
    { label: 'copies of messages put into the queues', value: String(copies) },
    {
      label: 'latency from commit to handled, median',
      value: inMs(percentile(latenciesMs, 0.5)),
    },
    { label: 'latency from commit to handled, p95', value: inMs(percentile(latenciesMs, 0.95)) },
  ];
}

export function isRight({ found, expected }: Line): boolean {
  return found === expected;
}

/** The report as a table. */
export function renderReport(lines: readonly Line[], facts: readonly Fact[]): string {
  const table = new Table({
    head: ['', 'found', 'expected', ''],
    colAligns: ['left', 'right', 'right', 'left'],
    style: { head: [], border: [] },
    chars: { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' },
  });
  for (const line of lines) {
    const verdict = isRight(line) ? '✓' : '✗ wrong';
    table.push([line.label, line.found, line.expected, verdict]);
  }
  for (const { label, value } of facts) table.push([label, value, '', '']);
  return table.toString();
}

/** The nearest-rank percentile; `undefined` of nothing. */
export function percentile(values: readonly number[], share: number): number | undefined {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)];
}

function inMs(value: number | undefined): string {
  return value === undefined ? 'unknown' : `${value} ms`;
}
