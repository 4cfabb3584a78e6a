import type { Clock } from '../core/ports.ts';

/** A clock that moves only when told to, or when somebody sleeps. */
export interface VirtualClock extends Clock {
  advance(ms: number): void;
}

/** Sleeping takes no time of anybody's but the clock's own. */
export function createVirtualClock(startMs: number): VirtualClock {
  let now = startMs;
  const advance = (ms: number): void => {
    now += ms;
  };
  return {
    now: () => now,
    advance,
    sleep: (ms) => {
      advance(ms);
      return Promise.resolve();
    },
  };
}
