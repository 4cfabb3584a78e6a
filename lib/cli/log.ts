import type { Log } from '../core/ports.ts';
import type { Terminal } from './terminal.ts';

/** Log lines of what the command shares with the relay: a person sees those that matter. */
export function terminalLog(terminal: Terminal): Log {
  const say = (message: string, fields: object): void => {
    terminal.note(`${message}: ${JSON.stringify(fields)}\n`);
  };
  return { debug: () => undefined, info: () => undefined, warn: say, error: say };
}
