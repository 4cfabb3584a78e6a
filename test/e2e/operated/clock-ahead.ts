import { join } from 'node:path';

/** The environment that puts a Node.js process's clock ahead. */
export function clockAhead(ms: number): NodeJS.ProcessEnv {
  const preload = join(import.meta.dirname, 'put-clock-ahead.ts');
  return { NODE_OPTIONS: `--import=${preload}`, [clockAheadVariable]: String(ms) };
}

export const clockAheadVariable = 'CLOCK_AHEAD_MS';
