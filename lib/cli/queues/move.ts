import { createHash } from 'node:crypto';

import { SendMessageCommand, type SendMessageCommandInput } from '@aws-sdk/client-sqs';

import { deadLetterAttributes } from '../../runtime/inbox/dead-letter-request.ts';
import type { Clients } from '../aws/clients.ts';
import type { QueueMessage } from './message.ts';
import { remove } from './receive.ts';

/** What became of a message; `came back`: it was moved before, and is left where it is. */
export type Moved = 'moved' | 'came back';

/**
 * Moves messages to other queues, each once: an inbox that still refuses a message puts it aside again at once, and
 * moving it again would never end.
 *
 * A message is sent there, then deleted here. One that breaks off in between is in both, and its inbox drops the second.
 */
export function createMover(
  from: string,
  clients: Pick<Clients, 'sqs'>,
): (message: QueueMessage, to: string) => Promise<Moved> {
  const moved = new Set<string>();
  return async (message, to) => {
    // Each time it is sent it has another id. What was there before was received before: somebody looked at it first.
    const digest = createHash('sha256').update(message.body).digest('base64');
    if (moved.has(digest) && message.receives === 1) return 'came back';
    await clients.sqs.send(new SendMessageCommand(toRequest(message, to)));
    moved.add(digest);
    await remove(from, message, clients);
    return 'moved';
  };
}

/** The message as it was before it was put aside: without the reasons for that. */
function toRequest(
  { id, body, attributes, group }: QueueMessage,
  to: string,
): SendMessageCommandInput {
  const own = Object.entries(attributes).filter(([name]) => !reasons.has(name));
  const isFifo = to.endsWith('.fifo');
  return {
    QueueUrl: to,
    MessageBody: body,
    MessageAttributes: Object.fromEntries(own),
    // Its own id, not the event's: within five minutes of the first delivery the queue would drop it.
    ...(isFifo ? { MessageGroupId: group ?? id, MessageDeduplicationId: id } : {}),
  };
}

/** What an inbox, EventBridge and SNS say beside a message that they put aside. */
const reasons: ReadonlySet<string> = new Set([
  ...Object.values(deadLetterAttributes),
  'ERROR_CODE',
  'ERROR_MESSAGE',
  'EXHAUSTED_RETRY_CONDITION',
  'RETRY_ATTEMPTS',
  'RULE_ARN',
  'TARGET_ARN',
  'ErrorCode',
  'ErrorMessage',
  'RequestID',
]);
