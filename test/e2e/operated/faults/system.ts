import { newId, systemClock as real } from '../../../../lib/core/system.ts';
import type { Clock } from '../../../../lib/core/ports.ts';
import { readPlan } from './plan.ts';

export { newId };

/** The real clock, ahead by what the plan says. */
export const systemClock: Clock = {
  ...real,
  now: () => real.now() + (readPlan().clockAheadMs ?? 0),
};
