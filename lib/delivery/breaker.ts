import type { Clock } from '../core/ports.ts';
import type { CallFailure } from './classify.ts';

const restMs = 5_000;

/**
 * Leaves destinations alone for some seconds after they were found to be down. Where each call ends in a
 * time-out, entries of one destination would otherwise take the time of all others.
 */
export interface Breaker {
  /** Why a destination is left alone now; `undefined` where it is not. */
  failureOf(destination: string): CallFailure | undefined;
  /** Leaves a destination alone for five seconds from now. */
  trip(destination: string, failure: CallFailure): void;
  /** Leaves no destination alone any more. */
  reset(): void;
}

export function createBreaker({ clock }: { readonly clock: Pick<Clock, 'now'> }): Breaker {
  const tripped = new Map<string, { readonly until: number; readonly failure: CallFailure }>();
  return {
    failureOf: (destination) => {
      const trip = tripped.get(destination);
      return trip !== undefined && clock.now() < trip.until ? trip.failure : undefined;
    },
    trip: (destination, failure) => {
      tripped.set(destination, { until: clock.now() + restMs, failure });
    },
    reset: () => {
      tripped.clear();
    },
  };
}
