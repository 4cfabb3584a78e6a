import { PublishBatchCommand, SNSClient, type PublishBatchRequestEntry } from '@aws-sdk/client-sns';

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
  toFilterable,
  batchId,
  readBatch,
  groupingOf,
  type Attributes,
} from './batch.ts';
import { clientSettings, growingTimeout, regionOf } from './client.ts';

/**
 * A topic, standard or FIFO. A FIFO one keeps the order of each aggregate's entries.
 *
 * Messages carry `type` and `aggregate` as attributes, for the filter policies of subscriptions:
 * https://docs.aws.amazon.com/sns/latest/dg/sns-message-filtering.html. In `aggregate`, control characters,
 * noncharacters and `%` are percent-encoded: SNS accepts them and then drops the message at a filtered subscription.
 */
export function createTopicDestination(
  config: DestinationConfig,
  client: Pick<SNSClient, 'send'>,
  ports: { readonly clock: Pick<Clock, 'now'> } = { clock: systemClock },
): DestinationAdapter {
  const withTimeout = growingTimeout(ports);
  return {
    ...pickDefined(config, ['name', 'types']),
    kind: 'topic',
    ordered: config.ordered,
    maxEntriesPerCall: limits.topic.maxEntries,
    maxBytesPerCall: limits.topic.maxRequestBytes,
    sizeOf: (outgoing) => messageBytes(outgoing.json, attributesOf(outgoing)),
    send: async (outgoing, { maxMs }) => {
      const entries = outgoing.map((one, index) => toRequestEntry(one, index, config.ordered));
      const command = new PublishBatchCommand({
        TopicArn: config.target,
        PublishBatchRequestEntries: entries,
      });
      const answer = await withTimeout(maxMs, (options) => client.send(command, options));
      return readBatch(outgoing, answer);
    },
  };
}

/** A topic with a client of its own. */
export function openTopic(config: DestinationConfig): DestinationAdapter {
  return createTopicDestination(
    config,
    new SNSClient({ ...clientSettings, ...regionOf(config.target) }),
  );
}

function toRequestEntry(
  outgoing: Outgoing,
  index: number,
  ordered: boolean,
): PublishBatchRequestEntry {
  return {
    Id: batchId(index),
    Message: outgoing.json,
    MessageAttributes: attributesOf(outgoing),
    ...groupingOf(outgoing, ordered),
  };
}

function attributesOf({ entry }: Outgoing): Attributes {
  return toAttributes({
    contenttype: contentType,
    type: entry.type,
    aggregate: toFilterable(entry.aggregate),
  });
}
