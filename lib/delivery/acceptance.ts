import type { Clock } from '../core/ports.ts';
import type { Destination } from './destination.ts';

/** Destinations, and when each of them last took an entry. */
export interface WatchedDestinations {
  readonly destinations: readonly Destination[];
  /** Epoch milliseconds; negative infinity where it took none yet. Of any destination where none is named. */
  lastAcceptedAt(destination?: string): number;
}

/** Watches what destinations take: the evidence that they are up, whatever happens to some entries. */
export function watchAcceptance(
  destinations: readonly Destination[],
  { clock }: { readonly clock: Pick<Clock, 'now'> },
): WatchedDestinations {
  const acceptedAt = new Map<string, number>();
  return {
    lastAcceptedAt: (name) =>
      name === undefined
        ? Math.max(Number.NEGATIVE_INFINITY, ...acceptedAt.values())
        : (acceptedAt.get(name) ?? Number.NEGATIVE_INFINITY),
    destinations: destinations.map((destination) => ({
      ...destination,
      send: async (outgoing, options) => {
        const replies = await destination.send(outgoing, options);
        const isAccepting = replies.some((reply) => reply?.status === 'accepted');
        if (isAccepting) acceptedAt.set(destination.name, clock.now());
        return replies;
      },
    })),
  };
}
