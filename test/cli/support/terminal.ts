import type { Terminal } from '../../../lib/cli/terminal.ts';

export interface FakeTerminal extends Terminal {
  readonly out: () => string;
  readonly notes: () => string;
  /** Forgets what was written. */
  readonly clear: () => void;
}

/** A terminal that records its output; interactive with these answers, or not interactive. */
export function fakeTerminal(answers?: readonly string[], width?: number): FakeTerminal {
  let [out, notes] = ['', ''];
  const left = [...(answers ?? [])];
  return {
    write: (text) => {
      out += text;
    },
    note: (text) => {
      notes += text;
    },
    overwriteLine: (text) => {
      notes += `\r${text}`;
    },
    clearScreen: () => {
      out += '\u001b[2J\u001b[H';
    },
    width,
    isInteractive: answers !== undefined,
    ask: (question) => {
      notes += question;
      return Promise.resolve(left.shift() ?? '');
    },
    out: () => out,
    notes: () => notes,
    clear: () => {
      [out, notes] = ['', ''];
    },
  };
}
