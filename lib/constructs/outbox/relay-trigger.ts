import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import {
  EventSourceMapping,
  FilterCriteria,
  MetricType,
  StartingPosition,
  type IFunction,
} from 'aws-cdk-lib/aws-lambda';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';

import { newEntriesPattern } from '../../table/stream-filter.ts';
import { fail } from '../shared/check.ts';
import { definedOnly } from '../shared/defaults.ts';
import type { OutboxSettings } from './props.ts';
import { grantSend } from '../shared/secure-queue.ts';
import { grantStream } from '../shared/table-grants.ts';

/** What a relay's trigger connects. */
export interface RelayTriggerProps {
  readonly table: ITable;
  readonly relay: IFunction;
  readonly onFailureQueue: IQueue;
  readonly settings: OutboxSettings;
  /** Whether a destination keeps order. */
  readonly ordered: boolean;
}

/** How often a failed batch is repeated where the props say nothing. */
const retryAttempts = { unordered: 100, ordered: 10_000 };

/**
 * Has the table's stream invoke the relay with new entries, in the order of the stream.
 *
 * Whatever the trigger gives up is told of in the on-failure queue; the entries stay in the table.
 * https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html
 */
export function addRelayTrigger(
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
