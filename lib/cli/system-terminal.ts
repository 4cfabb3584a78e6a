import { createInterface } from 'node:readline';

import type { Terminal } from './terminal.ts';

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
        // Whoever leaves without an answer has said no.
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
