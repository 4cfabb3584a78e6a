import type { Dimensions } from '../core/dimensions.ts';
import { sagaMetrics, type SagaSummary } from '../table/saga.ts';
import { addDimensions, type InboxMetricsSink } from '../inbox/metrics.ts';
import type { Clock, Log } from '../core/ports.ts';
import type { RunningSagas } from './running-sagas.ts';

/** What looking for overdue sagas takes. */
export interface OverduePorts {
  readonly running: RunningSagas;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: InboxMetricsSink;
  readonly dimensions: Dimensions;
}

/** Overdue sagas that are named in the log. */
const named = 10;

/** Counts the sagas of a definition that should have finished, or been undone, and have not; and names the first. */
export async function reportOverdue(saga: string, ports: OverduePorts): Promise<number> {
  const overdue: SagaSummary[] = [];
  for await (const part of ports.running.list(saga, ports.clock.now())) overdue.push(...part);
  const { metrics, log } = ports;
  addDimensions(metrics, ports.dimensions);
  metrics.addMetric(sagaMetrics.overdue, 'Count', overdue.length);
  metrics.publishStoredMetrics();
  for (const one of overdue.toSorted((a, b) => a.overdueAt - b.overdueAt).slice(0, named)) {
    log.warn('saga is overdue: see outbox saga show', { ...one });
  }
  return overdue.length;
}
