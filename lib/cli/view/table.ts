import Table from 'cli-table3';

import { printable } from './printable.ts';

const none = '';

/** Columns without lines: it can be read, searched and cut. */
const noLines = {
  top: none,
  'top-mid': none,
  'top-left': none,
  'top-right': none,
  bottom: none,
  'bottom-mid': none,
  'bottom-left': none,
  'bottom-right': none,
  left: none,
  'left-mid': none,
  mid: none,
  'mid-mid': none,
  right: none,
  'right-mid': none,
  middle: '  ',
};

/** Rows under their heads. Numbers are aligned to the right. */
export function renderTable(
  head: readonly string[],
  rows: readonly (readonly (string | number)[])[],
): string {
  const isNumeric = head.map((_, column) => rows.every((row) => typeof row[column] === 'number'));
  const table = new Table({
    head: [...head],
    chars: noLines,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
    colAligns: isNumeric.map((numeric) => (numeric && rows.length > 0 ? 'right' : 'left')),
  });
  table.push(...rows.map((row) => row.map((cell) => printable(String(cell)))));
  return withoutTrailingSpace(table.toString());
}

/** Names and what belongs to them, one a line; a value may have several. */
export function renderFacts(facts: readonly (readonly [name: string, value: string])[]): string {
  const width = Math.max(...facts.map(([name]) => name.length));
  const indent = '\n'.padEnd(width + 3);
  return facts
    .map(([name, value]) => [name.padEnd(width), value.split('\n').map(printable).join(indent)])
    .map((line) => line.join('  ').trimEnd())
    .join('\n');
}

/** `1 entry`, `2 entries`. */
export function count(number: number, one: string, many = `${one}s`): string {
  return `${number} ${number === 1 ? one : many}`;
}

function withoutTrailingSpace(text: string): string {
  return text
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}
