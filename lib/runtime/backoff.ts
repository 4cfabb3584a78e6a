import type { Random } from './ports.ts';

/** How waits grow from try to try. */
export interface Backoff {
  readonly baseMs: number;
  readonly maxMs: number;
}

/**
 * The wait before try `attempt` (from 1 for the first retry): "full jitter", a random share of an
 * exponentially growing bound, so that those who failed together do not come back together.
 */
export function backoffMs(attempt: number, backoff: Backoff, random: Random): number {
  const bound = Math.min(backoff.maxMs, backoff.baseMs * 2 ** (attempt - 1));
  return Math.floor(random() * bound);
}
