import type { Clock } from '../../runtime/ports.ts';
import type { Destination } from '../destination.ts';

/** Destinations, and when one of them last took an entry. */
export interface WatchedDestinations {
  readonly destinations: readonly Destination[];
  /** Epoch milliseconds; negative infinity where none took one yet. */
  lastAcceptedAt(): number;
}

/** Watches what destinations take: the evidence that they are up, whatever happens to some entries. */
export function watchAcceptance(
  destinations: readonly Destination[],
  { clock }: { readonly clock: Pick<Clock, 'now'> },
): WatchedDestinations {
  let acceptedAt = Number.NEGATIVE_INFINITY;
  return {
    lastAcceptedAt: () => acceptedAt,
    destinations: destinations.map((destination) => ({
      ...destination,
      send: async (outgoing, options) => {
        const replies = await destination.send(outgoing, options);
        if (replies.some((reply) => reply?.status === 'accepted')) acceptedAt = clock.now();
        return replies;
      },
    })),
  };
}
