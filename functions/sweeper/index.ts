import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import { logMetrics } from '@aws-lambda-powertools/metrics/middleware';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import middy from '@middy/core';

import { relayFromEnvironment } from '../../lib/core/environment.ts';
import { openDestinations } from '../../lib/delivery/destinations/open.ts';
import { createDynamoDBSweepStore } from '../../lib/dynamodb/sweep-store.ts';
import { createSweeper } from '../../lib/sweeper/sweeper.ts';
import { clientTimeouts } from '../../lib/dynamodb/client.ts';
import { newId, systemClock } from '../../lib/core/system.ts';
import { observe } from '../observability.ts';

const config = relayFromEnvironment(process.env);
const { logger, metrics, log, meter } = observe(config);

const sweeper = openDestinations(config.destinations).then((destinations) =>
  createSweeper({
    ...config,
    store: createDynamoDBSweepStore({
      client: new DynamoDBClient({ requestHandler: clientTimeouts }),
      ...config,
    }),
    destinations,
    clock: systemClock,
    random: Math.random,
    newId,
    log,
    meter,
  }),
);

/** Invoked by a schedule, every minute. Its result is for people who invoke it by hand. */
export const handler = middy()
  .use(injectLambdaContext(logger))
  .use(logMetrics(metrics))
  .handler(async (_event, context) => (await sweeper)(context));
