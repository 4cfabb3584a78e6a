import type { Terminal } from '../terminal.ts';

/** A value for a script: one JSON document. */
export function toJson(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}

/** Prints a value for a script. */
export function printJson(terminal: Terminal, value: unknown): void {
  terminal.write(toJson(value));
}

/** Prints one of many values as they come: JSON on a line of its own. */
export function printJsonLine(terminal: Terminal, value: unknown): void {
  terminal.write(`${JSON.stringify(value)}\n`);
}
