import type { Terminal } from '../terminal.ts';

/** A value for a script: one JSON document. */
export function formatJson(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}

/** Prints a value for a script. */
export function printJson(terminal: Terminal, value: unknown): void {
  terminal.write(formatJson(value));
}

/** Prints one of many values as they come: JSON on a line of its own. */
export function printJsonLine(terminal: Terminal, value: unknown): void {
  terminal.write(`${JSON.stringify(value)}\n`);
}

const units = [
  { name: 'd', ms: 86_400_000 },
  { name: 'h', ms: 3_600_000 },
  { name: 'min', ms: 60_000 },
  { name: 's', ms: 1_000 },
] as const;

/** A stretch of time in its largest unit, rounded down: `3 min`. */
export function duration(ms: number): string {
  const unit = units.find((one) => ms >= one.ms) ?? units[3];
  return `${Math.max(0, Math.floor(ms / unit.ms))} ${unit.name}`;
}

/** How long ago a moment was, or how soon it will be. */
export function relative(at: number, now: number): string {
  return at > now ? `in ${duration(at - now)}` : `${duration(now - at)} ago`;
}

/** A moment as a person reads it and as options take it: to the second, in UTC. */
export function moment(at: number): string {
  return new Date(at).toISOString().replace(/\.\d+Z$/, 'Z');
}

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
