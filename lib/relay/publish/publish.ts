import { backoffMs, type Backoff } from '../../runtime/backoff.ts';
import type { Clock, Random } from '../../runtime/ports.ts';
import type { CallPorts } from './call.ts';
import type { Fault } from './classify.ts';
import type { Destination, Outcomes, Outgoing } from '../destination.ts';
import { laneOf, sendInRounds } from './rounds.ts';
import { toOutcomes, type Standing, type Standings } from './standing.ts';

/** What publishing needs beside the destination. */
export interface PublishPorts extends CallPorts {
  readonly clock: Clock;
  readonly random: Random;
}

/** Tries that an entry gets in place, so that a hiccup does not send it to the waiting room. */
const maxTries = 3;
const quickBackoff: Backoff = { baseMs: 50, maxMs: 1_000 };

/**
 * Publishes entries to one destination. Never throws: each entry ends with exactly one outcome.
 *
 * Entries come with ids of their own and, for an ordered destination, each aggregate's in sequence.
 * There the published ones of an aggregate are always the first of those given. A published entry may
 * have arrived more than once: one whose answer was lost is sent again.
 */
export async function publish(
  destination: Destination,
  outgoing: readonly Outgoing[],
  ports: PublishPorts,
): Promise<Outcomes> {
  const standings = new Map<string, Standing>();
  const tries = new Map<string, number>();
  let pending = outgoing;
  while (pending.length > 0) {
    for (const [id, standing] of await sendInRounds(destination, pending, ports)) {
      standings.set(id, standing);
      if (standing.status === 'refused') tries.set(id, (tries.get(id) ?? 0) + 1);
    }
    pending = worthAnotherTry(destination, pending, { standings, tries });
    if (!(await waitForNextTry(destination, pending, { tries, ports }))) break;
  }
  return toOutcomes(standings);
}

interface Progress {
  readonly standings: Standings;
  /** How often each entry was refused. */
  readonly tries: ReadonlyMap<string, number>;
}

/** Entries that may go the next time, and those held behind them, in the order they came in. */
function worthAnotherTry(
  destination: Destination,
  outgoing: readonly Outgoing[],
  { standings, tries }: Progress,
): Outgoing[] {
  const mayGo = ({ entry }: Outgoing): boolean => {
    const standing = standings.get(entry.id);
    const isOpen = standing?.status === 'refused' && retriable.includes(standing.fault);
    return isOpen && (tries.get(entry.id) ?? 0) < maxTries;
  };
  const openLanes = new Set(outgoing.filter(mayGo).map((one) => laneOf(destination, one)));
  return outgoing.filter(
    (one) =>
      standings.get(one.entry.id)?.status !== 'accepted' && openLanes.has(laneOf(destination, one)),
  );
}

/** What can never go as it is, and what is not allowed, does not change within a second. */
const retriable: readonly Fault[] = ['passing', 'destination'];

/** Waits its turn; answers whether there is anything left to try and the time for it. */
async function waitForNextTry(
  destination: Destination,
  pending: readonly Outgoing[],
  { tries, ports }: { tries: Progress['tries']; ports: PublishPorts },
): Promise<boolean> {
  if (pending.length === 0) return false;
  const eventIds = pending.map(({ entry }) => entry.id);
  const attempt = Math.max(...eventIds.map((id) => tries.get(id) ?? 0));
  const waitMs = backoffMs(attempt, quickBackoff, ports.random);
  if (ports.clock.now() + waitMs >= ports.deadline) return false;
  ports.log.info('trying again', { destination: destination.name, waitMs, eventIds });
  await ports.clock.sleep(waitMs);
  return true;
}
