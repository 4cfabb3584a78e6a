import { Logger } from '@aws-lambda-powertools/logger';
import { SQSClient } from '@aws-sdk/client-sqs';
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';

import { clientTimeouts } from '../dynamodb/client.ts';
import { OutboxError } from '../core/errors.ts';
import { inboxDimensions } from '../core/metrics.ts';
import { definedOnly } from '../core/collections.ts';
import { createDynamoDBTransactor } from '../dynamodb/transactor.ts';
import { createWriter } from '../outbox/outbox.ts';
import type { Clock, Log, Random } from '../core/ports.ts';
import type { EnvironmentOptions, InboxSettings } from '../outbox/settings.ts';
import { systemClock } from '../core/system.ts';
import type { Transactor } from '../dynamodb/actions.ts';
import type { BatchPorts } from './batch.ts';
import { isRemembered, type CommitPorts } from './transaction.ts';
import { deadLetterSender, type SqsSender } from './dead-letter.ts';
import { defaultMetrics, type InboxMetricsSink } from './log.ts';
import { putBackOn } from './ordered/put-back.ts';
import { handleOnceWith } from './subscriptions.ts';

/** How an inbox finds its settings, and what it uses. */
export interface InboxOptions extends EnvironmentOptions {
  /**
   * The document client to write with. Its `marshallOptions` apply to what is written; its `unmarshallOptions` change
   * nothing.
   *
   * @default - a new one of the function's region, which drops undefined values
   */
  readonly documentClient?: DynamoDBDocumentClient;
  /**
   * The database, where it is not DynamoDB: tests pass the in-memory one.
   *
   * @default - DynamoDB, through `client`
   */
  readonly transactor?: Transactor;
  /**
   * The SQS client that sends to the dead-letter queue. Make one of your own with
   * `useQueueUrlAsEndpoint: false`, or its calls go to the host in the queue's URL and
   * ignore `AWS_ENDPOINT_URL`.
   *
   * @default - a new one of the function's region
   */
  readonly sqsClient?: SqsSender;
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
  /**
   * Whether log lines hold the messages of all errors. Otherwise they hold the error's class and where it was thrown,
   * and the message only of errors of this package, of AWS and of the network: the messages of parsers, of schema
   * libraries and of your own code can quote the payload. No dead-letter attribute ever holds such a message.
   *
   * @default false
   */
  readonly logErrorMessages?: boolean;
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
  /**
   * How long a message may take, in milliseconds, from 1 to 900,000. Then it is given back to the queue, and the next
   * one starts while the first handler still runs; what that puts into `tx` is not written if it ends after all (under a
   * lease it is, unless another worker has taken the message over). In an ordered inbox, each message that waited for
   * the one that came has the time to itself.
   *
   * Set it well below the function's timeout where handlers may hang. Without it, those that hang hold their places
   * until the function's time is up, and messages that never began are only given back: the queue counts that as
   * received, and moves them to the dead-letter queue untried if it happens each time.
   *
   * @default - the time that the function has left
   */
  readonly handlerTimeoutMs?: number;
}

const inboxDefaults = { concurrency: 10 } as const;

/** The longest time that a function may run. https://docs.aws.amazon.com/lambda/latest/dg/configuration-timeout.html */
const maxHandlerTimeoutMs = 15 * 60 * 1000;

/** What handling batches takes, with the defaults in place; all but the handlers. */
export type InboxPorts = Omit<BatchPorts, 'subscriptions'>;

/** @throws OutboxError `OPTION_INVALID` */
export function checkOptions({ concurrency, handlerTimeoutMs }: InboxOptions): void {
  checkWhole('concurrency', concurrency ?? inboxDefaults.concurrency);
  checkWhole('handlerTimeoutMs', handlerTimeoutMs ?? maxHandlerTimeoutMs, maxHandlerTimeoutMs);
}

/** @param tries how often a transaction is tried, where that is not the usual number */
export function toInboxPorts(
  settings: InboxSettings,
  options: InboxOptions,
  tries: Pick<CommitPorts, 'maxAttempts'> = {},
): InboxPorts {
  const { concurrency = inboxDefaults.concurrency, handlerTimeoutMs } = options;
  const commit = commitPortsOf(settings, options, tries);
  // By default the client calls the host in the queue's URL, which would bypass a local endpoint.
  const sqs =
    options.sqsClient ??
    new SQSClient({ requestHandler: clientTimeouts, useQueueUrlAsEndpoint: false });
  const { name: inbox, deadLetterQueueUrl: queueUrl, ordered } = settings;
  return {
    dimensions: inboxDimensions(settings),
    concurrency,
    handlerTimeoutMs,
    clock: commit.clock,
    maxReceiveCount: settings.maxReceiveCount,
    logErrorMessages: options.logErrorMessages,
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
  { documentClient: client, transactor, clock, random }: InboxOptions,
  tries: Pick<CommitPorts, 'maxAttempts'>,
): CommitPorts {
  const ports = {
    transactor: transactor ?? createDynamoDBTransactor(client),
    clock: clock ?? systemClock,
    random: random ?? Math.random,
  };
  const writer =
    outbox === undefined ? {} : { writer: { ...createWriter(outbox, ports), ...tries } };
  return { config, ...ports, ...tries, ...writer };
}

function checkWhole(option: string, value: number, max = Infinity): void {
  if (Number.isSafeInteger(value) && value >= 1 && value <= max) return;
  const allowed = max === Infinity ? 'from 1' : `from 1 to ${max}`;
  throw new OutboxError(
    'OPTION_INVALID',
    `${option} must be a whole number ${allowed}, got ${value}`,
    { details: { option, value } },
  );
}
