import { Logger } from '@aws-lambda-powertools/logger';
import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';

import { metricNamespace, outboxDimensions } from '../lib/core/metrics.ts';
import type { Log, Meter } from '../lib/core/ports.ts';

/** Logs and metrics of one of the package's own functions. */
export interface Observability {
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly log: Log;
  readonly meter: Meter;
}

/** Log lines carry the outbox's source as their service; metrics carry the dimensions that its alarms read. */
export function observe(outbox: { source: string; tableName: string }): Observability {
  const logger = new Logger({ serviceName: outbox.source });
  const metrics = new Metrics({
    namespace: metricNamespace,
    defaultDimensions: { ...outboxDimensions(outbox) },
  });
  return {
    logger,
    metrics,
    log: logger,
    meter: {
      count: (metric, value) => {
        metrics.addMetric(metric, MetricUnit.Count, value);
      },
      time: (metric, ms) => {
        metrics.addMetric(metric, MetricUnit.Milliseconds, ms);
      },
    },
  };
}
