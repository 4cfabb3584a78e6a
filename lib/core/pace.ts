import type { Clock } from './ports.ts';

/** Waits until the next may go. */
export type Pace = (count?: number) => Promise<void>;

/** Lets so many a second go, evenly; nobody waits for what went before the pace began. */
export function createPace(perSecond: number, clock: Clock): Pace {
  let freeAt = clock.now();
  return async (count = 1) => {
    const now = clock.now();
    const waitMs = freeAt - now;
    freeAt = Math.max(now, freeAt) + (count * 1000) / perSecond;
    if (waitMs > 0) await clock.sleep(waitMs);
  };
}
