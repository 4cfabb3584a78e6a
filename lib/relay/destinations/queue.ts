import {
  SendMessageBatchCommand,
  SQSClient,
  type SendMessageBatchRequestEntry,
} from '@aws-sdk/client-sqs';

import type { DestinationConfig } from '../../contract/environment.ts';
import { limits } from '../../contract/limits.ts';
import { pickDefined } from '../../contract/pick.ts';
import type { Destination, Outgoing } from '../destination.ts';
import { contentType, messageBytes, toAttributes, type Attributes } from './attributes.ts';
import { batchId, readBatch } from './batch.ts';
import { clientSettings } from './client-settings.ts';
import { groupingOf } from './grouping.ts';

/** A queue, standard or FIFO. A FIFO one keeps the order of each aggregate's entries. */
export function createQueue(
  config: DestinationConfig,
  client: Pick<SQSClient, 'send'>,
): Destination {
  return {
    ...pickDefined(config, ['name', 'types']),
    kind: 'queue',
    ordered: config.ordered,
    maxEntriesPerCall: limits.queue.maxEntries,
    maxBytesPerCall: limits.queue.maxRequestBytes,
    sizeOf: (outgoing) => messageBytes(outgoing.json, attributesOf(outgoing)),
    send: async (outgoing) => {
      const entries = outgoing.map((one, index) => toRequestEntry(one, index, config.ordered));
      const answer = await client.send(
        new SendMessageBatchCommand({ QueueUrl: config.target, Entries: entries }),
      );
      return readBatch(outgoing, answer);
    },
  };
}

/**
 * A queue with a client of its own. The client takes its host from its endpoint, never from the
 * queue's URL: a local run must not reach AWS because a URL says so.
 */
export function openQueue(config: DestinationConfig): Destination {
  return createQueue(config, new SQSClient({ ...clientSettings, useQueueUrlAsEndpoint: false }));
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
  };
}

function attributesOf({ entry }: Outgoing): Attributes {
  return toAttributes({ contenttype: contentType, type: entry.type });
}
