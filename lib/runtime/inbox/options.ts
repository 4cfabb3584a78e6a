import { Logger } from '@aws-lambda-powertools/logger';
import { SQSClient } from '@aws-sdk/client-sqs';
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';

import { OutboxError } from '../../contract/error.ts';
import { definedOnly } from '../../contract/pick.ts';
import { createDynamoDBTransactor } from '../transaction/dynamodb-transactor.ts';
import { createWriter } from '../write/outbox.ts';
import type { Clock, Log, Random } from '../ports.ts';
import { systemClock } from '../system.ts';
import type { Transactor } from '../transaction/transactor.ts';
import type { BatchPorts } from './batch.ts';
import type { CommitPorts } from './commit-once.ts';
import { deadLetterSender, type SqsSender } from './dead-letter.ts';
import type { InboxSettings } from './inbox-from.ts';
import { isRemembered } from './marker.ts';
import { defaultMetrics, type InboxMetricsSink } from './metrics.ts';
import { putBackOn } from './ordered/put-back.ts';
import { handleOnceWith } from './ways.ts';

/** What an inbox may be given beside its settings. */
export interface InboxOptions {
  /**
   * The document client to write with, with its own settings.
   *
   * @default - a new one of the function's region, which drops undefined values
   */
  readonly client?: DynamoDBDocumentClient;
  /**
   * The database, where it is not DynamoDB: tests pass the in-memory one.
   *
   * @default - DynamoDB, through `client`
   */
  readonly transactor?: Transactor;
  /**
   * The SQS client that sends to the dead-letter queue. Make one of your own with
   * `useQueueUrlAsEndpoint: false`, or its calls go to the host in the queue's URL whatever
   * `AWS_ENDPOINT_URL` says.
   *
   * @default - a new one of the function's region
   */
  readonly sqs?: SqsSender;
  /**
   * Where log lines go: a Powertools `Logger`, or anything alike.
   *
   * @default - a new Powertools `Logger`
   */
  readonly logger?: Log;
  /**
   * Where counts go: a Powertools `Metrics`, or anything alike. They are published at the end of each
   * invocation, and so is what handlers have added to the same object; pass one of the inbox's own to
   * keep the dimension `inbox` off those.
   *
   * @default - a new Powertools `Metrics` with namespace `cdk-outbox`
   */
  readonly metrics?: InboxMetricsSink;
  /** @default - the system's */
  readonly clock?: Clock;
  /** @default Math.random */
  readonly random?: Random;
  /**
   * Messages handled at once, from 1; on a FIFO queue, message groups. Lower it where handlers share something
   * scarce; the function's memory and its database bound it from above.
   *
   * @default 10
   */
  readonly concurrency?: number;
}

export const inboxDefaults = { concurrency: 10 } as const;

/** What handling batches takes, with the defaults in place; all but the handlers. */
export type InboxPorts = Omit<BatchPorts, 'subscriptions'>;

/** @throws OutboxError `OPTION_INVALID` */
export function toPorts(settings: InboxSettings, options: InboxOptions): InboxPorts {
  const { concurrency = inboxDefaults.concurrency } = options;
  checkConcurrency(concurrency);
  const commit = commitPortsOf(settings, options);
  // By default the client calls the host in the queue's URL, which would bypass a local endpoint.
  const sqs = options.sqs ?? new SQSClient({ useQueueUrlAsEndpoint: false });
  const { name: inbox, deadLetterQueueUrl: queueUrl, ordered } = settings;
  return {
    inbox,
    concurrency,
    maxReceiveCount: settings.maxReceiveCount,
    log: options.logger ?? new Logger(),
    metrics: options.metrics ?? defaultMetrics(),
    handleOnce: handleOnceWith(commit),
    sendToDeadLetterQueue: deadLetterSender(sqs, { queueUrl, inbox }),
    remembers: ({ id, replayid: replayId }) =>
      isRemembered({ inbox, eventId: id, ...definedOnly({ replayId }) }, commit),
    ...(ordered === undefined
      ? {}
      : { sequencing: { commit, ordered, putBack: putBackOn(ordered.queueUrl, sqs) } }),
  };
}

function commitPortsOf(
  { outbox, ...config }: InboxSettings,
  { client, transactor, clock, random }: InboxOptions,
): CommitPorts {
  const ports = {
    transactor: transactor ?? createDynamoDBTransactor(client),
    clock: clock ?? systemClock,
    random: random ?? Math.random,
  };
  const writer = outbox === undefined ? {} : { writer: createWriter(outbox, ports) };
  return { config, ...ports, ...writer };
}

function checkConcurrency(concurrency: number): void {
  if (Number.isSafeInteger(concurrency) && concurrency >= 1) return;
  throw new OutboxError(
    'OPTION_INVALID',
    `concurrency must be a whole number from 1, got ${concurrency}`,
    { facts: { option: 'concurrency', value: concurrency } },
  );
}
