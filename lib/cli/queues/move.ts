import { createHash } from 'node:crypto';

import { SendMessageCommand, type SendMessageCommandInput } from '@aws-sdk/client-sqs';

import { deadLetterAttributes } from '../../inbox/dead-letter-request.ts';
import type { QueueMessage } from './message.ts';
import { remove, type QueueToScan } from './receive.ts';

/**
 * What was done with a message.
 *
 * - `came back`: it was moved, and its consumer put it aside again. It stays where it is.
 * - `arrived`: it was sent to the queue after the command began. It stays where it is: a queue that fills as fast as it
 *   is emptied would never end.
 */
export type Moved = 'moved' | 'came back' | 'arrived';

/** Moves of messages with the same body, after which the next one counts as one that came back: ends also where clocks differ. */
const maxCopies = 10;

/**
 * Moves messages to other queues. Two copies of a message that were both there before are both moved.
 *
 * A message is sent to its queue first and deleted second. One that breaks off in between is in both, and the inbox drops
 * the second.
 *
 * @param startedAt when the command began, epoch milliseconds
 */
export function createMover(
  { queueUrl, clients }: Pick<QueueToScan, 'queueUrl' | 'clients'>,
  startedAt: number,
): (message: QueueMessage, to: string) => Promise<Moved> {
  const moves = new Map<string, number>();
  return async (message, to) => {
    // A message that comes back has a new id; its body stays.
    const digest = createHash('sha256').update(message.body).digest('base64');
    const before = moves.get(digest) ?? 0;
    const isNew = message.sentAt > startedAt;
    if (before >= maxCopies || (isNew && before > 0)) return 'came back';
    if (isNew) return 'arrived';
    await clients.sqs.send(new SendMessageCommand(toRequest(message, to)));
    moves.set(digest, before + 1);
    await remove(queueUrl, message, clients);
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
