import { Logger } from '@aws-lambda-powertools/logger';
import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import { Metrics } from '@aws-lambda-powertools/metrics';
import { logMetrics } from '@aws-lambda-powertools/metrics/middleware';
import middy from '@middy/core';

import { metricNamespace } from '../../lib/core/metrics.ts';
import { openGapCheck } from '../../lib/inbox/ordered/check-gaps.ts';
import { inboxFrom } from '../../lib/outbox/settings.ts';

const settings = inboxFrom(process.env);
const logger = new Logger({ serviceName: settings.name });
const metrics = new Metrics({ namespace: metricNamespace });
// The inbox's dimensions are the only ones, the same as those of what its handler counts.
metrics.clearDefaultDimensions();

const check = openGapCheck(settings, { log: logger, metrics });

/** Invoked by a schedule, every minute. Its result is for people who invoke it by hand. */
export const handler = middy()
  .use(injectLambdaContext(logger))
  .use(logMetrics(metrics))
  .handler(() => check());
