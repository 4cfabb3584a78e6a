import { nameOfError } from '../core/redact.ts';
import type { Clock, Log } from '../core/ports.ts';
import type { Notes } from '../table/store.ts';
import type { DynamoDBRecord } from './stream-event.ts';

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
