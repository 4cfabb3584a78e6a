import { escapeUnsafe } from '../terminal.ts';

/** A text from elsewhere on one line: what would break the line or steer the terminal is shown as an escape. */
export function printable(text: string): string {
  return escapeUnsafe(text)
    .replaceAll('\n', String.raw`\n`)
    .replaceAll('\t', String.raw`\t`);
}
