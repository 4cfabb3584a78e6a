import type { Clock, Log, Meter } from '../runtime/ports.ts';
import { timeOfId } from '../contract/keys.ts';
import type { Fate } from './fate.ts';

/** Names of the metrics that relay and sweeper publish. */
export const metricNames = {
  published: 'EntriesPublished',
  retrying: 'EntriesRetrying',
  held: 'EntriesHeld',
  parked: 'EntriesParked',
  unsettled: 'EntriesUnsettled',
  /** Milliseconds from an event's birth to its publication: the slowest of the batch. */
  latency: 'PublishLatency',
} as const;

/** Counts what became of entries, and logs by id each one that did not simply go. */
export function reportFates(
  fates: readonly Fate[],
  { meter, log, clock }: { meter: Meter; log: Log; clock: Clock },
): void {
  const counts = Map.groupBy(fates, metricOf);
  for (const [metric, { length }] of counts) meter.count(metric, length);
  const published = counts.get(metricNames.published) ?? [];
  if (published.length > 0) {
    const oldest = Math.min(...published.map(({ candidate }) => timeOfId(candidate.entry.id)));
    meter.count(metricNames.latency, clock.now() - oldest);
  }
  for (const fate of fates) if (fate.status !== 'published') logFate(fate, log);
}

function metricOf(fate: Fate): string {
  return metricNames[fate.status === 'waiting' ? fate.state : fate.status];
}

function logFate(fate: Exclude<Fate, { status: 'published' }>, log: Log): void {
  const { id, type, aggregate, sequence } = fate.candidate.entry;
  const { code, destination } = fate.error;
  const state = fate.status === 'waiting' ? fate.state : fate.status;
  const fields = { eventId: id, type, aggregate, sequence, state, code, destination };
  if (state === 'parked') log.error('entry parked: it needs a person', fields);
  else log.warn('entry not delivered yet', fields);
}
