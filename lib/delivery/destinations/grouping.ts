import { messageToken } from '../../table/message-token.ts';
import type { Outgoing } from '../destination.ts';

/** The attributes by which queues and topics group messages and drop duplicates. */
export interface Grouping {
  readonly MessageGroupId?: string;
  readonly MessageDeduplicationId?: string;
}

/**
 * Ordered: a group per aggregate, and the event id against duplicates within five minutes; a replay
 * is none, so it adds its own id. Otherwise a group per tenant, if there is one, for fair queues:
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-fair-queues.html
 */
export function groupingOf({ entry, replayId }: Outgoing, ordered: boolean): Grouping {
  if (ordered) {
    return {
      MessageGroupId: messageToken(entry.aggregate),
      MessageDeduplicationId: messageToken(
        replayId === undefined ? entry.id : `${entry.id}#${replayId}`,
      ),
    };
  }
  return entry.tenant === undefined || entry.tenant === ''
    ? {}
    : { MessageGroupId: messageToken(entry.tenant) };
}
