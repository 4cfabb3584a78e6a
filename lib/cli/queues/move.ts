import { SendMessageCommand, type SendMessageCommandInput } from '@aws-sdk/client-sqs';

import { deadLetterAttributes } from '../../runtime/inbox/dead-letter-request.ts';
import type { Clients } from '../aws/clients.ts';
import type { QueueMessage } from './message.ts';
import { remove } from './receive.ts';

/**
 * Moves a message to another queue: sends it there, then deletes it here. One that breaks off in between is
 * in both, and its inbox drops the second.
 */
export async function move(
  message: QueueMessage,
  { from, to }: { from: string; to: string },
  clients: Pick<Clients, 'sqs'>,
): Promise<void> {
  await clients.sqs.send(new SendMessageCommand(toRequest(message, to)));
  await remove(from, message, clients);
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
