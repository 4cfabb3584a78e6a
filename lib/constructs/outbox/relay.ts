import { Duration } from 'aws-cdk-lib';
import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import {
  EventSourceMapping,
  FilterCriteria,
  MetricType,
  StartingPosition,
  type Function,
  type IFunction,
} from 'aws-cdk-lib/aws-lambda';
import { Schedule, ScheduleExpression } from 'aws-cdk-lib/aws-scheduler';
import { LambdaInvoke } from 'aws-cdk-lib/aws-scheduler-targets';
import type { IQueue, Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';

import { newEntriesPattern } from '../../table/entry.ts';
import { definedOnly, fail } from '../shared/check.ts';
import { createOutboxFunction, type OutboxParts } from '../shared/package-function.ts';
import { createQueue, grantSend } from '../shared/queue.ts';
import { grantItems, grantQueryWaiting, grantStream } from '../shared/table-grants.ts';
import type { OutboxPropsWithDefaults } from './props.ts';

/**
 * What the relay does to the table: it looks up holds, writes receipts, waiting rows with the count of
 * their holds, and its lag. It neither deletes nor scans.
 */
const relayActions = ['BatchGetItem', 'BatchWriteItem', 'PutItem', 'UpdateItem'];

/** The function that the table's stream invokes, its event source mapping, and its on-failure queue. */
export class Relay extends Construct {
  readonly function: Function;
  /** Names the range of the stream that was discarded. The entries themselves are in the table. */
  readonly onFailureQueue: Queue;

  constructor(scope: Construct, id: string, parts: OutboxParts) {
    super(scope, id);
    const { table, settings } = parts;
    this.function = createOutboxFunction(this, parts, {
      bundle: 'relay',
      description: `Delivers the events of ${settings.source}`,
      memorySize: settings.relayMemorySize,
      timeout: settings.relayTimeout,
      logRetention: settings.relayLogRetention,
    });
    this.onFailureQueue = createQueue(this, 'OnFailureQueue');
    grantItems(table, this.function, relayActions);
    addRelayTrigger(this, {
      table,
      relay: this.function,
      onFailureQueue: this.onFailureQueue,
      settings,
      ordered: parts.destinations.some(({ config }) => config.ordered),
    });
  }
}

/** What a relay's trigger connects. */
export interface RelayTriggerProps {
  readonly table: ITable;
  readonly relay: IFunction;
  readonly onFailureQueue: IQueue;
  readonly settings: OutboxPropsWithDefaults;
  /** Whether a destination keeps order. */
  readonly ordered: boolean;
}

/** How often a failed batch is repeated where the props say nothing. */
const retryAttempts = { unordered: 100, ordered: 10_000 };

/**
 * Has the table's stream invoke the relay with new entries, in the order of the stream.
 *
 * The on-failure queue receives a record of each discarded batch; the entries stay in the table.
 * https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html
 */
function addRelayTrigger(
  scope: Construct,
  { table, relay, onFailureQueue, settings, ordered }: RelayTriggerProps,
): EventSourceMapping {
  const streamArn = table.tableStreamArn;
  if (streamArn === undefined) {
    fail(
      scope,
      `table ${table.node.path} must have a stream of NEW_IMAGE or NEW_AND_OLD_IMAGES, has none`,
    );
  }
  grantStream(table, streamArn, relay);
  grantSend(onFailureQueue, relay);
  return new EventSourceMapping(scope, 'Trigger', {
    target: relay,
    eventSourceArn: streamArn,
    // LATEST would miss what is written until the trigger runs, which may take minutes.
    startingPosition: StartingPosition.TRIM_HORIZON,
    filters: [FilterCriteria.filter(newEntriesPattern)],
    batchSize: settings.relayBatchSize,
    parallelizationFactor: settings.relayParallelizationFactor,
    ...definedOnly({ maxBatchingWindow: settings.relayMaxBatchingWindow }),
    reportBatchItemFailures: true,
    bisectBatchOnError: true,
    retryAttempts: settings.relayRetryAttempts ?? retryAttempts[ordered ? 'ordered' : 'unordered'],
    maxRecordAge: settings.relayMaxRecordAge,
    onFailure: { bind: () => ({ destination: onFailureQueue.queueArn }) },
    metricsConfig: { metrics: [MetricType.EVENT_COUNT] },
  });
}

/**
 * What the sweeper does to the table: all that the relay does, reading pages and the waiting room,
 * claiming and releasing, and asking when the table was made. It does not scan.
 */
const sweeperActions = [
  'BatchGetItem',
  'BatchWriteItem',
  'DeleteItem',
  'DescribeTable',
  'GetItem',
  'PutItem',
  'Query',
  'UpdateItem',
];

/** A run that Lambda could not start by then is the next one's affair: the shortest time that it lets one wait. */
const maxDelay = Duration.minutes(1);

/** The function that delivers what the relay did not, and what is due in the waiting room, every minute. */
export class Sweeper extends Construct {
  readonly function: Function;

  constructor(scope: Construct, id: string, parts: OutboxParts) {
    super(scope, id);
    const { table, settings } = parts;
    this.function = createOutboxFunction(this, parts, {
      bundle: 'sweeper',
      description: `Delivers the events of ${settings.source} that the relay did not`,
      memorySize: settings.sweeperMemorySize,
      timeout: settings.sweeperTimeout,
      logRetention: settings.sweeperLogRetention,
    });
    grantItems(table, this.function, sweeperActions);
    grantQueryWaiting(table, this.function);
    // What failed is not repeated, neither by Lambda nor by the schedule: the next minute comes anyway.
    this.function.configureAsyncInvoke({ retryAttempts: 0, maxEventAge: maxDelay });
    new Schedule(this, 'Schedule', {
      description: `Runs the sweeper of ${settings.source}`,
      schedule: ScheduleExpression.rate(Duration.minutes(1)),
      target: new LambdaInvoke(this.function, { retryAttempts: 0, maxEventAge: maxDelay }),
    });
  }
}
