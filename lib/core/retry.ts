import type { Random } from './ports.ts';

/** How waits grow from try to try. */
export interface Backoff {
  readonly baseMs: number;
  readonly maxMs: number;
  /**
   * By how much the bound grows from one try to the next.
   *
   * @default 2
   */
  readonly factor?: number;
  /**
   * `full`: a random share of the bound, best where many compete for one thing at once.
   * `equal`: at least half the bound, where a wait must not be next to nothing.
   *
   * @default 'full'
   */
  readonly jitter?: 'full' | 'equal';
}

/**
 * The wait in milliseconds before retry `attempt` (from 1): a random part of an exponentially growing
 * bound, so that those who failed together do not come back together.
 */
export function backoffMs(attempt: number, backoff: Backoff, random: Random): number {
  const { baseMs, maxMs, factor = 2, jitter = 'full' } = backoff;
  const bound = Math.min(maxMs, baseMs * factor ** (attempt - 1));
  return Math.floor(jitter === 'full' ? random() * bound : (bound * (1 + random())) / 2);
}
