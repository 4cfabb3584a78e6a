import { SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';

import { OutboxError } from '../core/errors.ts';
import { toDeadLetter, type DeadLetterAddress } from './dead-letter-request.ts';
import type { Rejection } from './delivery.ts';
import type { SqsRecord } from './sqs-event.ts';

/** What is asked of an SQS client: to send one message. */
export type SqsSender = Pick<SQSClient, 'send'>;

/** Sends a message away that is not to be tried again, with the reason. */
export type SendToDeadLetterQueue = (record: SqsRecord, rejection: Rejection) => Promise<void>;

/**
 * Sends to the inbox's dead-letter queue.
 *
 * At least once: where the acknowledgement that follows is lost, a standard queue gets a second copy.
 *
 * @throws OutboxError `DEAD_LETTER_FAILED`; then the message stays in its queue, whose own redrive applies
 */
export function deadLetterSender(
  client: SqsSender,
  address: DeadLetterAddress,
): SendToDeadLetterQueue {
  return async (record, rejection) => {
    try {
      await client.send(new SendMessageCommand(toDeadLetter(record, rejection, address)));
    } catch (cause) {
      throw new OutboxError(
        'DEAD_LETTER_FAILED',
        `message ${record.messageId} was refused (${rejection.code}) and could not be sent to ${address.queueUrl}: ` +
          'check that the queue exists and that the function may send to it',
        { facts: { messageId: record.messageId, reason: rejection.code }, cause },
      );
    }
  };
}
