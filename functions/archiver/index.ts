import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import { logMetrics } from '@aws-lambda-powertools/metrics/middleware';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { S3Client } from '@aws-sdk/client-s3';
import middy from '@middy/core';

import { readArchiveLocation } from '../../lib/table/archive.ts';
import { archiverFromEnvironment } from '../../lib/core/environment.ts';
import { createArchiver } from '../../lib/archive/archiver.ts';
import { createS3Archive } from '../../lib/archive/s3.ts';
import { createDynamoDBArchiveStore } from '../../lib/dynamodb/archive-store.ts';
import { clientTimeouts } from '../../lib/dynamodb/client.ts';
import { newId, systemClock } from '../../lib/core/system.ts';
import { observe } from '../observability.ts';

const config = archiverFromEnvironment(process.env);
const { bucket, prefix } = readArchiveLocation(config.archive);
const { logger, metrics, log, meter } = observe(config);
// A local AWS has no host for each bucket.
const client = new S3Client({
  // An object of an hour may take a while.
  requestHandler: { ...clientTimeouts, requestTimeout: 30_000 },
  forcePathStyle: process.env['AWS_ENDPOINT_URL'] !== undefined,
});

const archiver = createArchiver({
  ...config,
  prefix,
  store: createDynamoDBArchiveStore({
    client: new DynamoDBClient({ requestHandler: clientTimeouts }),
    ...config,
  }),
  archive: createS3Archive({ client, bucket }),
  clock: systemClock,
  newId,
  log,
  meter,
});

/** Invoked by a schedule, every hour. Its result is for people who invoke it by hand. */
export const handler = middy()
  .use(injectLambdaContext(logger))
  .use(logMetrics(metrics))
  .handler(async (_event, context) => archiver(context));
