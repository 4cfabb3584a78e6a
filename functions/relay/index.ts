import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import { logMetrics } from '@aws-lambda-powertools/metrics/middleware';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import middy from '@middy/core';

import { relayFromEnvironment } from '../../lib/core/environment.ts';
import { openDestinations } from '../../lib/delivery/destinations/open.ts';
import { createDynamoDBStore } from '../../lib/dynamodb/outbox-store.ts';
import { createRelay, type RelayHandler } from '../../lib/delivery/relay.ts';
import { clientTimeouts } from '../../lib/dynamodb/client.ts';
import { newId, systemClock } from '../../lib/core/system.ts';
import { observe } from '../observability.ts';

const config = relayFromEnvironment(process.env);
const { logger, metrics, log, meter } = observe(config);

const relay = openDestinations(config.destinations).then((destinations) =>
  createRelay({
    ...config,
    store: createDynamoDBStore({
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

/** Invoked by the outbox table's stream. */
export const handler = middy<Parameters<RelayHandler>[0], Awaited<ReturnType<RelayHandler>>>()
  .use(injectLambdaContext(logger))
  .use(logMetrics(metrics))
  .handler(async (event, context) => (await relay)(event, context));
