import Table from 'cli-table3';
import { Help } from 'commander';
import stringWidth from 'string-width';

import { escapeUnsafe } from '../terminal.ts';

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

/** How a text for a person is to be laid out. */
export interface View {
  /** Epoch milliseconds. */
  readonly now: number;
  /** Columns of the terminal. @default - lines are as long as they need to be */
  readonly width?: number | undefined;
}

const columnGap = 2;
/** A column is not made narrower than this: `in 3 min` stays on one line. */
const minWrappedWidth = 16;

/**
 * Rows under their heads. Numbers are aligned to the right.
 *
 * Where the table is wider than `width`, its texts are wrapped; where that does not help, each row is a record of its
 * own: its first cell, and below it the others with their heads. Ids are never cut or broken.
 *
 * @param width columns of the terminal. @default - as wide as the rows are: a pipe wants one line a row
 */
export function renderTable(
  head: readonly string[],
  rows: readonly (readonly (string | number)[])[],
  width?: number,
): string {
  const isNumeric = head.map((_, column) => rows.every((row) => typeof row[column] === 'number'));
  const cells = rows.map((row) => row.map((cell) => printable(String(cell))));
  const draw = (colWidths?: number[]): string => {
    const table = new Table({
      head: [...head],
      chars: noLines,
      style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
      colAligns: isNumeric.map((numeric) => (numeric && rows.length > 0 ? 'right' : 'left')),
      ...(colWidths === undefined ? {} : { colWidths, wordWrap: true }),
    });
    table.push(...cells);
    return withoutTrailingSpace(table.toString());
  };
  if (width === undefined) return draw();
  const widths = fitColumns([head, ...cells], width);
  return widths === undefined ? renderRecords(head, cells, width) : draw(widths);
}

/** Widths of the columns with which a table fits, the widest texts wrapped first; `undefined` where it cannot fit. */
function fitColumns(rows: readonly (readonly string[])[], width: number): number[] | undefined {
  const columns = (rows[0] ?? []).map((_, column) => rows.map((row) => row[column] ?? ''));
  const widths = columns.map((texts) => longest(texts));
  const spare = columns.map((texts, column) => {
    const least = Math.max(minWrappedWidth, longest(texts.flatMap((text) => text.split(' '))));
    return Math.max(0, (widths[column] ?? 0) - least);
  });
  const gaps = columnGap * (columns.length - 1);
  let excess = widths.reduce((sum, one) => sum + one, gaps) - width;
  for (; excess > 0; excess--) {
    const most = Math.max(...spare);
    if (most === 0) return undefined;
    const column = spare.indexOf(most);
    spare[column] = most - 1;
    widths[column] = (widths[column] ?? 0) - 1;
  }
  return widths;
}

function renderRecords(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  width: number,
): string {
  const indent = ' '.repeat(columnGap);
  const records = rows.map(([first = '', ...others]) => {
    const facts = others.flatMap((cell, at) =>
      cell === '' ? [] : [`${head[at + 1] ?? ''} ${cell}`],
    );
    return [
      first || `no ${head[0] ?? ''}`,
      ...joinLines(facts, width - columnGap).map((line) => indent + line),
    ];
  });
  return records.map((lines) => lines.join('\n')).join('\n');
}

/** Short texts, as many on a line as fit. */
function joinLines(texts: readonly string[], width: number): string[] {
  const lines: string[] = [];
  for (const text of texts) {
    const longer = [...lines.slice(-1), text].join(' · ');
    if (lines.length > 0 && stringWidth(longer) <= width) lines[lines.length - 1] = longer;
    else lines.push(text);
  }
  return lines.flatMap((line) => wrapText(line, width).split('\n'));
}

/** Names and what belongs to them, one a line; a value may have several lines. Values wider than the terminal are wrapped. */
export function renderFacts(
  facts: readonly (readonly [name: string, value: string])[],
  width?: number,
): string {
  const nameWidth = longest(facts.map(([name]) => name));
  const indent = '\n'.padEnd(nameWidth + columnGap + 1);
  const room = remainingWidth(nameWidth, width);
  return facts
    .map(([name, value]) => {
      const lines = value.split('\n').map((line) => wrapText(printable(line), room));
      return [name.padEnd(nameWidth), lines.join('\n').replaceAll('\n', indent)];
    })
    .map((line) => line.join(' '.repeat(columnGap)).trimEnd())
    .join('\n');
}

/** The width that is left for a value after a column of names. */
export function remainingWidth(nameWidth: number, width: number | undefined): number | undefined {
  return width === undefined ? undefined : width - nameWidth - columnGap;
}

/** A text, its lines broken between words where they are wider than the terminal. Continued lines begin with `indent`. */
export function wrapText(text: string, width: number | undefined, indent = ''): string {
  if (width === undefined) return text;
  return text
    .split('\n')
    .map((line) =>
      stringWidth(line) <= width
        ? line
        : help.boxWrap(line, width - indent.length).replaceAll('\n', `\n${indent}`),
    )
    .join('\n');
}

/** The wrapping of the command's help, for the rest of its texts. */
const help = Object.assign(new Help(), { displayWidth: stringWidth, minWidthToWrap: 20 });

function longest(texts: readonly string[]): number {
  return Math.max(0, ...texts.map((text) => stringWidth(text)));
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

/** A text from elsewhere on one line: what would break the line or steer the terminal is shown as an escape. */
export function printable(text: string): string {
  return escapeUnsafe(text)
    .replaceAll('\n', String.raw`\n`)
    .replaceAll('\t', String.raw`\t`);
}
