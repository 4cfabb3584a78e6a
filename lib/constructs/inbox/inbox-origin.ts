import type { IEventBusRef } from 'aws-cdk-lib/aws-events';
import type { ITopic } from 'aws-cdk-lib/aws-sns';

import type { InboxProps } from './props.ts';

/** What puts messages into an inbox's queue: a rule of a bus, a subscription to a topic, or an outbox itself. */
export type InboxOrigin = 'bus' | 'topic' | 'outbox';

export function originOf(from: InboxProps['from']): InboxOrigin {
  if (isBus(from)) return 'bus';
  return isTopic(from) ? 'topic' : 'outbox';
}

export function isTopic(from: InboxProps['from']): from is ITopic {
  return from !== undefined && 'topicArn' in from;
}

export function isBus(from: InboxProps['from']): from is IEventBusRef {
  return from !== undefined && !isTopic(from);
}

/** Whether the inbox's queue is a FIFO queue. */
export function isFifo({ queue, fifo, from }: InboxProps): boolean {
  return queue?.fifo ?? fifo ?? (isTopic(from) && from.fifo);
}
