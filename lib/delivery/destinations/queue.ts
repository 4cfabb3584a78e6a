import {
  SendMessageBatchCommand,
  SQSClient,
  type SendMessageBatchRequestEntry,
} from '@aws-sdk/client-sqs';

import type { DestinationConfig } from '../../core/environment.ts';
import { limits } from '../../core/limits.ts';
import { pickDefined } from '../../core/collections.ts';
import type { Clock } from '../../core/ports.ts';
import { systemClock } from '../../core/system.ts';
import type { DestinationAdapter, Outgoing } from '../destination.ts';
import {
  contentType,
  messageBytes,
  toAttributes,
  batchId,
  readBatch,
  groupingOf,
  type Attributes,
} from './batch.ts';
import { clientSettings, growingTimeout, regionOf, xRayHeaderOf } from './client.ts';

/** A queue, standard or FIFO. A FIFO one keeps the order of each aggregate's entries. */
export function createQueueDestination(
  config: DestinationConfig,
  client: Pick<SQSClient, 'send'>,
  ports: { readonly clock: Pick<Clock, 'now'> } = { clock: systemClock },
): DestinationAdapter {
  const withTimeout = growingTimeout(ports);
  return {
    ...pickDefined(config, ['name', 'types']),
    kind: 'queue',
    ordered: config.ordered,
    maxEntriesPerCall: limits.queue.maxEntries,
    maxBytesPerCall: limits.queue.maxRequestBytes,
    sizeOf: (outgoing) => messageBytes(outgoing.json, attributesOf(outgoing)),
    send: async (outgoing, { maxMs }) => {
      const entries = outgoing.map((one, index) => toRequestEntry(one, index, config.ordered));
      const command = new SendMessageBatchCommand({ QueueUrl: config.target, Entries: entries });
      const answer = await withTimeout(maxMs, (options) => client.send(command, options));
      return readBatch(outgoing, answer);
    },
  };
}

/**
 * A queue with a client of its own. The client takes its host from its endpoint, never from the
 * queue's URL: a local run must not reach AWS because a URL says so.
 */
export function openQueue(config: DestinationConfig): DestinationAdapter {
  const settings = { ...clientSettings, ...regionOf(config.target), useQueueUrlAsEndpoint: false };
  return createQueueDestination(config, new SQSClient(settings));
}

function toRequestEntry(
  outgoing: Outgoing,
  index: number,
  ordered: boolean,
): SendMessageBatchRequestEntry {
  return {
    Id: batchId(index),
    MessageBody: outgoing.json,
    MessageAttributes: attributesOf(outgoing),
    ...groupingOf(outgoing, ordered),
    ...traceOf(outgoing),
  };
}

/**
 * The trace header joins what the consumer does to the trace of the write. System attributes do not count towards
 * a message's size.
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
 */
function traceOf({
  entry,
}: Outgoing): Pick<SendMessageBatchRequestEntry, 'MessageSystemAttributes'> {
  const header = xRayHeaderOf(entry.traceparent);
  return header === undefined
    ? {}
    : { MessageSystemAttributes: toAttributes({ AWSTraceHeader: header }) };
}

function attributesOf({ entry }: Outgoing): Attributes {
  return toAttributes({ contenttype: contentType, type: entry.type });
}
