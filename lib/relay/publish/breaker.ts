import type { Clock } from '../../runtime/ports.ts';
import { judgeCall } from './classify.ts';
import type { Destination } from '../destination.ts';

/** Calls in a row that could not reach a destination before it is left alone: as many as go out at once. */
const patience = 10;
const restMs = 5_000;

/**
 * A destination that is left alone for some seconds after calls in a row could not reach it: where each call
 * ends in a time-out, those who do not need it would wait for those who do.
 *
 * A call that is not made fails like the last one that was.
 */
export function withBreaker(
  destination: Destination,
  { clock }: { readonly clock: Pick<Clock, 'now'> },
): Destination {
  let failures = 0;
  let restsUntil = Number.NEGATIVE_INFINITY;
  let lastError: unknown;
  return {
    ...destination,
    send: async (outgoing) => {
      if (clock.now() < restsUntil) throw lastError;
      try {
        const replies = await destination.send(outgoing);
        failures = 0;
        return replies;
      } catch (error) {
        // What refuses the entries of one call was reached; as the answer to other calls it would condemn theirs.
        if (judgeCall(error).fault === 'destination') {
          failures += 1;
          lastError = error;
          if (failures >= patience) restsUntil = clock.now() + restMs;
        }
        throw error;
      }
    },
  };
}
