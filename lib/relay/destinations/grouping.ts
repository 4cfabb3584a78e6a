import { createHash } from 'node:crypto';

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
      MessageGroupId: toToken(entry.aggregate),
      MessageDeduplicationId: toToken(
        replayId === undefined ? entry.id : `${entry.id}#${replayId}`,
      ),
    };
  }
  return entry.tenant === undefined || entry.tenant === ''
    ? {}
    : { MessageGroupId: toToken(entry.tenant) };
}

/** Up to 128 letters, digits and punctuation, all of ASCII but space and control characters. */
const tokenPattern = /^[!-~]{1,128}$/;

/** The text itself where the service takes it as an id, else its SHA-256. */
function toToken(text: string): string {
  return tokenPattern.test(text) ? text : createHash('sha256').update(text).digest('hex');
}
