import { groupBy } from '../core/group-by.ts';
import type { Clock, Log, Meter } from '../core/ports.ts';
import { outboxMetrics } from '../core/outbox-metrics.ts';
import { timeOfId } from '../table/keys.ts';
import type { Fate } from './fate.ts';
import type { InvalidPageRow } from '../table/store.ts';

/** Counts what became of entries, and logs by id each one that did not simply go. */
export function reportFates(
  fates: readonly Fate[],
  { meter, log, clock }: { meter: Meter; log: Log; clock: Clock },
): void {
  const counts = groupBy(fates, metricOf);
  for (const [metric, { length }] of counts) meter.count(metric, length);
  const published = counts.get(outboxMetrics.published) ?? [];
  if (published.length > 0) {
    const oldest = Math.min(...published.map(({ candidate }) => timeOfId(candidate.entry.id)));
    meter.time(outboxMetrics.latency, clock.now() - oldest);
  }
  for (const fate of fates) if (fate.status !== 'published') logFate(fate, log);
}

function metricOf(fate: Fate): string {
  return outboxMetrics[fate.status === 'waiting' ? fate.state : fate.status];
}

/** Logs by id what became of an entry that did not simply go. */
export function logFate(fate: Exclude<Fate, { status: 'published' }>, log: Log): void {
  const { id, type, aggregate, sequence } = fate.candidate.entry;
  const { code, destination } = fate.error;
  const state = fate.status === 'waiting' ? fate.state : fate.status;
  const fields = { eventId: id, type, aggregate, sequence, state, code, destination };
  if (state === 'parked') log.error('entry parked: it needs a person', fields);
  else log.warn('entry not delivered yet', fields);
}

/** Counts and logs rows in an entry's place that are none. */
export function reportInvalid(
  invalid: readonly InvalidPageRow[],
  { meter, log }: { meter: Meter; log: Log },
): void {
  if (invalid.length > 0) meter.count(outboxMetrics.parked, invalid.length);
  for (const { key, problem } of invalid) {
    log.error('row parked: it is no valid entry and needs a person', { ...key, problem });
  }
}
