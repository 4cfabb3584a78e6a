import Table from 'cli-table3';

import type { OrderRequest } from './orders.ts';
import type { Tally } from './tally.ts';

/** One number of the report. */
export interface Line {
  readonly label: string;
  readonly found: number;
  readonly expected: number;
}

/** What was done, from which follows what must be found. */
export interface Expected {
  readonly requests: readonly OrderRequest[];
  /** Messages that were delivered once more on purpose. */
  readonly copies: number;
}

/** Each number beside the one that it must be. */
export function linesOf(tally: Tally, { requests, copies }: Expected): Line[] {
  const placed = requests.filter(({ mustFail }) => !mustFail).map(({ order }) => order);
  const all = placed.length;
  const sumOf = (name: 'total' | 'quantity'): number =>
    placed.reduce((sum, order) => sum + order[name], 0);
  const { orders, orderPlaced, invoiceCreated } = tally;
  return [
    { label: 'orders committed', found: orders.committed, expected: all },
    { label: 'order.placed committed', found: orderPlaced.committed, expected: all },
    { label: 'order.placed delivered', found: orderPlaced.delivered, expected: all },
    ...handledLines('order.placed', orderPlaced.handled, all),
    { label: 'invoice.created committed', found: invoiceCreated.committed, expected: all },
    { label: 'invoice.created delivered', found: invoiceCreated.delivered, expected: all },
    ...handledLines('invoice.created', invoiceCreated.handled, all),
    { label: 'orders billed', found: orders.billed, expected: all },
    { label: 'owed by all customers', found: tally.owed.sum, expected: sumOf('total') },
    { label: 'reserved of all products', found: tally.reserved.sum, expected: sumOf('quantity') },
    { label: 'duplicates dropped', found: dropped(tally, { requests, copies }), expected: copies },
    { label: 'events of failed transactions', found: tally.eventsOfFailed, expected: 0 },
    { label: 'dead letters', found: tally.deadLetters, expected: 0 },
  ];
}

function handledLines(
  type: string,
  handled: Readonly<Record<string, number>>,
  expected: number,
): Line[] {
  return Object.entries(handled).map(([inbox, found]) => ({
    label: `${type} handled by ${inbox}`,
    found,
    expected,
  }));
}

/** Copies that are out of the queues, are no dead letters, and had no effect. */
function dropped(
  { queued, deadLetters, owed, reserved }: Tally,
  { requests, copies }: Expected,
): number {
  const once = requests.filter(({ mustFail }) => !mustFail).length;
  const again = [owed, reserved].map(({ times }) => Math.max(0, times - once));
  const notDropped = again.reduce((sum, times) => sum + times, queued + deadLetters);
  return Math.max(0, copies - notDropped);
}

export function isRight({ found, expected }: Line): boolean {
  return found === expected;
}

/** The report as a table. */
export function renderReport(lines: readonly Line[], latenciesMs: readonly number[]): string {
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
  table.push([
    'latency from commit to handled, median',
    inMs(percentile(latenciesMs, 0.5)),
    '',
    '',
  ]);
  table.push(['latency from commit to handled, p95', inMs(percentile(latenciesMs, 0.95)), '', '']);
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
