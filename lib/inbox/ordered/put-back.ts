import { randomUUID } from 'node:crypto';

import { SendMessageCommand, type SendMessageCommandInput } from '@aws-sdk/client-sqs';

import type { Buffered } from '../../table/ordered.ts';
import type { SqsSender } from '../dead-letter.ts';

/** What is put back on the queue: the message's text, and its group where it had one. */
export type ToPutBack = Pick<Required<Buffered>, 'message'> & Pick<Buffered, 'group'>;

/** Puts a message back on the inbox's own queue, so that its retries and its dead-letter rules apply. */
export type PutBack = (message: ToPutBack, delaySeconds?: number) => Promise<void>;

/** Sends to the inbox's own queue. At least once: a copy is a duplicate. Throws what the client throws. */
export function putBackOn(queueUrl: string, client: SqsSender): PutBack {
  return async (message, delaySeconds) => {
    await client.send(new SendMessageCommand(toRequest(queueUrl, message, delaySeconds)));
  };
}

function toRequest(
  queueUrl: string,
  { message, group }: ToPutBack,
  delaySeconds: number | undefined,
): SendMessageCommandInput {
  const isFifo = queueUrl.endsWith('.fifo');
  return {
    QueueUrl: queueUrl,
    MessageBody: message,
    ...(group === undefined ? {} : { MessageGroupId: group }),
    // The queue would take one with the event's id for the delivery that brought it.
    ...(isFifo ? { MessageDeduplicationId: randomUUID() } : {}),
    ...(delaySeconds === undefined ? {} : { DelaySeconds: delaySeconds }),
  };
}
