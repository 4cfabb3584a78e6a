import { inspect } from 'node:util';

import { OutboxError } from '../core/errors.ts';

/** A length of time, the sum of its parts. */
export interface Delay {
  readonly days?: number;
  readonly hours?: number;
  readonly minutes?: number;
  readonly seconds?: number;
}

const unitsMs = { days: 86_400_000, hours: 3_600_000, minutes: 60_000, seconds: 1000 } as const;

/** Milliseconds of a delay. @throws OutboxError `SAGA_INVALID` unless it is a time that passes, of known parts */
export function delayMs(delay: Delay, what: string): number {
  const units: Readonly<Record<string, number>> = unitsMs;
  const parts = Object.entries(delay) as [string, number][];
  const ms = parts.reduce((sum, [unit, count]) => sum + (units[unit] ?? NaN) * count, 0);
  if (Number.isFinite(ms) && ms > 0) return Math.ceil(ms);
  throw new OutboxError(
    'SAGA_INVALID',
    `${what} must be more than no time, in days, hours, minutes and seconds, got ${inspect(delay, { breakLength: Infinity })}`,
    { facts: { delay } },
  );
}
