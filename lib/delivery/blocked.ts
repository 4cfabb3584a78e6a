import type { Clock, Log } from '../core/ports.ts';
import type { WatchedDestinations } from './acceptance.ts';
import type { Notes } from '../table/store.ts';

export interface BlockedPorts {
  readonly store: Pick<Notes, 'readAcceptance'>;
  readonly clock: Pick<Clock, 'now'>;
  readonly log: Log;
}

/** Batches that are remembered at once: a container has few, one for each shard of the stream that it serves. */
const maxBatches = 1_000;

/** Batches that no destination took anything of, and that the stream therefore brings again. */
export interface BlockedBatches {
  /**
   * Whether a destination took other entries since this batch was first blocked. If so, the cause lies in its
   * entries. The evidence is what this relay published since, or what the sweeper did.
   *
   * @param firstId id of the batch's first entry, by which it is recognised
   */
  isPassedByOthers(firstId: string, watched: WatchedDestinations): Promise<boolean>;
}

export function createBlockedBatches({ store, clock, log }: BlockedPorts): BlockedBatches {
  const since = new Map<string, number>();
  return {
    isPassedByOthers: async (firstId, watched) => {
      const blockedSince = since.get(firstId);
      if (blockedSince === undefined) {
        // One that Lambda gave up on never comes again: the oldest are forgotten.
        for (const id of [...since.keys()].slice(0, since.size - maxBatches + 1)) since.delete(id);
        since.set(firstId, clock.now());
        return false;
      }
      const acceptedAt = Math.max(watched.lastAcceptedAt(), (await store.readAcceptance()) ?? 0);
      if (acceptedAt <= blockedSince) return false;
      since.delete(firstId);
      log.error(
        'no destination takes these entries, and they take others: moving them to the waiting room',
        {
          firstId,
          blockedSince,
          acceptedAt,
        },
      );
      return true;
    },
  };
}
