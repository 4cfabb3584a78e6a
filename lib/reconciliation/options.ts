import { Logger } from '@aws-lambda-powertools/logger';
import { SQSClient } from '@aws-sdk/client-sqs';
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';

import { clientTimeouts, createDocumentClient } from '../dynamodb/client.ts';
import { OutboxError } from '../core/errors.ts';
import type { OutboxEvent } from '../events/event.ts';
import type { SqsSender } from '../inbox/dead-letter.ts';
import { defaultMetrics, type InboxMetricsSink } from '../inbox/log.ts';
import type { Clock, Log, NewId, Random } from '../core/ports.ts';
import type { EnvironmentOptions, ReconciliationSettings } from '../outbox/settings.ts';
import { newId, systemClock } from '../core/system.ts';
import { createDynamoDBTransactor } from '../dynamodb/transactor.ts';
import type { Transactor } from '../dynamodb/actions.ts';
import { openOutbox, type OutboxClient } from '../outbox/outbox.ts';
import { createTableReader, type TableReader } from './read.ts';
import type { ReconciliationWindow } from './window.ts';

/** How a reconciliation finds its settings, and what it compares and uses. */
export interface ReconciliationOptions extends EnvironmentOptions {
  /**
   * The events that the business items of a window should have: for each item that was written in it, the event
   * that was to be written with it, made anew. It counts as there if an event of its type and aggregate is
   * within the window or an hour around it, with its sequence if that is a number; each event counts for one. Read your items consistently. Deferred events are not looked for.
   *
   * @default - none: only deliveries are looked at
   */
  readonly expectedEvents?: (
    window: ReconciliationWindow,
  ) => AsyncIterable<OutboxEvent> | Iterable<OutboxEvent>;
  /**
   * The document client to read and write with.
   *
   * @default - a new one of the function's region
   */
  readonly documentClient?: DynamoDBDocumentClient;
  /** @default - a new one of the function's region */
  readonly sqsClient?: SqsSender;
  /** @default - a new Powertools `Logger` */
  readonly logger?: Log;
  /** @default - a new Powertools `Metrics` with namespace `cdk-outbox` */
  readonly metrics?: InboxMetricsSink;
  /** @default - the system's */
  readonly clock?: Clock;
  /** @default Math.random */
  readonly random?: Random;
}

/** What repairing takes. */
export interface RepairPorts {
  readonly outbox: OutboxClient;
  readonly transactor: Transactor;
  readonly sqs: SqsSender;
  readonly source: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly newId: NewId;
  readonly log: Log;
}

/** What reconciling takes, with the defaults in place. */
export interface ReconciliationPorts {
  readonly settings: ReconciliationSettings;
  readonly expected: NonNullable<ReconciliationOptions['expectedEvents']>;
  readonly reader: TableReader;
  readonly log: Log;
  readonly metrics: InboxMetricsSink;
  readonly clock: Clock;
  /** What repairing takes; absent where it only reports. */
  readonly repair?: RepairPorts;
}

/** @throws OutboxError `OUTBOX_MISSING` where it is to repair and has no outbox to write to */
export function toReconciliationPorts(
  settings: ReconciliationSettings,
  options: ReconciliationOptions,
): ReconciliationPorts {
  const {
    expectedEvents: expected = () => [],
    documentClient: client = createDocumentClient(),
    sqsClient: sqs,
  } = options;
  const { clock = systemClock, random = Math.random, logger: log = new Logger() } = options;
  const used = { client, clock, random, log };
  return {
    ...{ settings, expected, log, clock },
    reader: createTableReader(used),
    metrics: options.metrics ?? defaultMetrics(),
    ...(settings.mode === 'repair' ? { repair: repairPorts(settings, used, sqs) } : {}),
  };
}

/** What reading and repairing share. */
interface Used extends Pick<RepairPorts, 'clock' | 'random' | 'log'> {
  readonly client: DynamoDBDocumentClient;
}

function repairPorts(
  { outbox, source, name }: ReconciliationSettings,
  { client, clock, random, log }: Used,
  sqs: SqsSender | undefined,
): RepairPorts {
  if (outbox === undefined) {
    throw new OutboxError(
      'OUTBOX_MISSING',
      `reconciliation ${name} has no outbox to write missing events to: let the Reconciliation construct set the environment`,
      { details: { reconciliation: name } },
    );
  }
  return {
    outbox: openOutbox(outbox, { documentClient: client, clock, random }),
    // By default the client calls the host in the queue's URL, which would bypass a local endpoint.
    sqs: sqs ?? new SQSClient({ requestHandler: clientTimeouts, useQueueUrlAsEndpoint: false }),
    transactor: createDynamoDBTransactor(client),
    ...{ source, clock, random, newId, log },
  };
}
