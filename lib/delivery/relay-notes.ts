import type { Clock, Log } from '../core/ports.ts';
import { nameOfError } from '../core/redact.ts';
import type { Notes } from '../table/stores.ts';
import type { DestinationAdapter } from './destination.ts';
import type { DynamoDBRecord } from './stream.ts';

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
        // A batch that Lambda discarded is never retried: the oldest are forgotten.
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

/** A relay this far behind says so, and the sweeper leaves to it what it is about to reach. */
const lagThresholdMs = 60_000;
/** How often a lag is noted that is no deeper than the last one. */
const lagNoteEveryMs = 10_000;

interface LagPorts {
  readonly store: Pick<Notes, 'noteLag'>;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Notes how far behind the stream's records are, where they are; and that the relay is blocked, however little it is
 * behind: the sweeper then finds out whether destinations take what is behind. Never fails a batch over it.
 */
export function createLagNoter(
  ports: LagPorts,
): (records: readonly DynamoDBRecord[], options: { readonly isBlocked: boolean }) => Promise<void> {
  let notedAt = Number.NEGATIVE_INFINITY;
  let noted = { oldestAt: Number.POSITIVE_INFINITY, isBlocked: false };
  return async (records, { isBlocked }) => {
    const now = ports.clock.now();
    const oldestAt = oldest(records);
    const isBehind = now - oldestAt >= lagThresholdMs;
    if (!Number.isFinite(oldestAt) || !(isBehind || isBlocked)) return;
    // One container may serve several shards: what is further behind, or blocked, is not held back by what is less so.
    const saysMore = oldestAt < noted.oldestAt || (isBlocked && !noted.isBlocked);
    if (now - notedAt < lagNoteEveryMs && !saysMore) return;
    notedAt = now;
    noted = { oldestAt, isBlocked };
    try {
      await ports.store.noteLag({ oldestAt, notedAt: now, ...(isBlocked ? { isBlocked } : {}) });
    } catch (error) {
      // Without the note the sweeper delivers some entries a second time: a nuisance, not a reason to stop.
      ports.log.warn('lag not noted', {
        error: nameOfError(error),
      });
    }
  };
}

function oldest(records: readonly DynamoDBRecord[]): number {
  const times = records.map(
    ({ dynamodb }) => dynamodb?.ApproximateCreationDateTime ?? Number.POSITIVE_INFINITY,
  );
  return Math.min(...times) * 1000;
}

/** Destinations, and when each of them last took an entry. */
interface WatchedDestinations {
  readonly destinations: readonly DestinationAdapter[];
  /** Epoch milliseconds; negative infinity where it took none yet. Of any destination where none is named. */
  lastAcceptedAt(destination?: string): number;
}

/** Watches what destinations take: the evidence that they are up, even if some entries fail. */
export function watchAcceptance(
  destinations: readonly DestinationAdapter[],
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
