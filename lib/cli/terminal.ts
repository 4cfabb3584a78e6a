import { createInterface } from 'node:readline';

import type { Log } from '../core/ports.ts';

/** Where the command writes, and whom it asks. */
export interface Terminal {
  /** Writes what was asked for: to standard output, as it is. */
  write(text: string): void;
  /** Writes what is said about it: to standard error, so that a script's pipe stays clean. */
  note(text: string): void;
  /** Writes over the line of standard error that is being shown. */
  overwriteLine(text: string): void;
  /** Clears the screen. */
  clearScreen(): void;
  /** Whether a person sits there, who can be asked and sees progress. */
  readonly isInteractive: boolean;
  /** Columns that standard output has. @default - it is no terminal: lines are as long as they need to be */
  readonly width?: number | undefined;
  /** Asks, and returns the line that was typed. */
  ask(question: string): Promise<string>;
}

/** Characters that steer a terminal or reorder what it shows; newline and tab are the command's own. */
const unsafe = /(?![\n\t])[\p{Cc}\p{Bidi_Control}\p{Zl}\p{Zp}\u{E0000}-\u{E007F}]/gu;

/** A text whose unsafe characters can be seen: `\u001b` for ESC. In a JSON document it is the same document. */
export function escapeUnsafe(text: string): string {
  return text.replaceAll(unsafe, (character) =>
    Array.from({ length: character.length }, (_, unit) =>
      toEscape(character.charCodeAt(unit)),
    ).join(''),
  );
}

function toEscape(unit: number): string {
  return `\\u${unit.toString(16).padStart(4, '0')}`;
}

/**
 * A terminal that shows what data could do to it instead of doing it.
 *
 * Guarantee: no escape sequence, control character or change of direction that an id, a message or an answer of AWS
 * holds reaches the terminal, in text and in JSON. Only the command's own calls move the cursor.
 */
export function guardTerminal(terminal: Terminal): Terminal {
  return {
    isInteractive: terminal.isInteractive,
    get width() {
      return terminal.width;
    },
    write: (text) => {
      terminal.write(escapeUnsafe(text));
    },
    note: (text) => {
      terminal.note(escapeUnsafe(text));
    },
    overwriteLine: (text) => {
      terminal.overwriteLine(escapeUnsafe(text));
    },
    clearScreen: () => {
      terminal.clearScreen();
    },
    ask: (question) => terminal.ask(escapeUnsafe(question)),
  };
}

/** The streams of a process. */
export interface Streams {
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
}

/** The terminal of a process. Questions and progress go to standard error, which a script's pipe does not see. */
export function createSystemTerminal({ stdin, stdout, stderr }: Streams): Terminal {
  return {
    write: (text) => {
      stdout.write(text);
    },
    note: (text) => {
      stderr.write(text);
    },
    overwriteLine: (text) => {
      stderr.write(`\r${text}`);
    },
    clearScreen: () => {
      stdout.write('\u001b[2J\u001b[H');
    },
    isInteractive: stdin.isTTY && stderr.isTTY,
    // A window may change its size while --watch runs.
    get width() {
      return stdout.isTTY ? stdout.columns : undefined;
    },
    ask: (question) =>
      new Promise((resolve) => {
        const lines = createInterface({ input: stdin, output: stderr });
        // A closed input counts as no.
        lines.once('close', () => {
          resolve('');
        });
        lines.question(question, (answer) => {
          resolve(answer);
          lines.close();
        });
      }),
  };
}

/** Whether to go on: `--yes` says so, or a person does. Returns `false` and suggests `--yes` without a terminal. */
export async function confirm(
  question: string,
  { yes, terminal }: { yes: boolean; terminal: Terminal },
): Promise<boolean> {
  if (yes) return true;
  if (!terminal.isInteractive) {
    terminal.note('Nothing was changed: this only shows what would be done. Add --yes to do it.\n');
    return false;
  }
  const answer = await terminal.ask(`${question} Type yes to go on: `);
  if (answer.trim().toLowerCase() === 'yes') return true;
  terminal.note('Nothing was changed.\n');
  return false;
}

/** Log lines of what the command shares with the relay: a person sees those that matter. */
export function terminalLog(terminal: Terminal): Log {
  const say = (message: string, fields: object): void => {
    terminal.note(`${message}: ${JSON.stringify(fields)}\n`);
  };
  return { debug: () => undefined, info: () => undefined, warn: say, error: say };
}
