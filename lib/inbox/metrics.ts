import { Metrics } from '@aws-lambda-powertools/metrics';

import type { Dimensions } from '../core/dimensions.ts';
import { metricNamespace, type InboxMetric } from '../core/inbox-metrics.ts';

/** Where an inbox's counts go. A Powertools `Metrics` fits. */
export interface InboxMetricsSink {
  addDimension(name: string, value: string): unknown;
  addMetric(name: string, unit: 'Count', value: number): unknown;
  publishStoredMetrics(): unknown;
}

/** What one invocation counts. */
export interface Tally {
  count(metric: InboxMetric): void;
  /** Publishes what is not zero. */
  publish(): void;
}

/** Counts of an inbox: one tally per invocation, so that nothing is shared between two of them. */
export function newTally(sink: InboxMetricsSink, dimensions: Dimensions): Tally {
  const counts = new Map<InboxMetric, number>();
  return {
    count: (metric) => counts.set(metric, (counts.get(metric) ?? 0) + 1),
    publish: () => {
      if (counts.size === 0) return;
      addDimensions(sink, dimensions);
      for (const [metric, count] of counts) sink.addMetric(metric, 'Count', count);
      sink.publishStoredMetrics();
    },
  };
}

/** Has what is published next carry the dimensions. */
export function addDimensions(
  sink: Pick<InboxMetricsSink, 'addDimension'>,
  dimensions: Dimensions,
): void {
  for (const [name, value] of Object.entries(dimensions)) sink.addDimension(name, value);
}

/** CloudWatch metrics written as log lines, with no dimensions but those that are added. */
export function defaultMetrics(): InboxMetricsSink {
  const metrics = new Metrics({ namespace: metricNamespace });
  // Powertools adds the service's name, which alarms on an inbox would have to guess.
  metrics.clearDefaultDimensions();
  return metrics;
}
