import type { Terminal } from '../terminal.ts';

/** Shows how far something is, on one line that is written again and again. Scripts see nothing of it. */
export interface Progress {
  readonly advance: (by: number) => void;
  readonly end: () => void;
}

const width = 24;

export function createProgress(terminal: Terminal, label: string, total: number): Progress {
  let done = 0;
  const draw = (): void => {
    const share = total === 0 ? 1 : Math.min(1, done / total);
    const filled = Math.floor(share * width);
    const bar = '█'.repeat(filled) + '░'.repeat(width - filled);
    terminal.overwriteLine(`${label} ${bar} ${done} of ${total} `);
  };
  if (!terminal.isInteractive) return { advance: () => undefined, end: () => undefined };
  return {
    advance: (by) => {
      done += by;
      draw();
    },
    end: () => {
      terminal.note('\n');
    },
  };
}
