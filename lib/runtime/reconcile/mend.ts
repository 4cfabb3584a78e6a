import { SendMessageCommand, type SendMessageCommandInput } from '@aws-sdk/client-sqs';

import type { Entry } from '../../contract/entry.ts';
import { toMessageJson } from '../../contract/message.ts';
import type { ConsumerConfig } from '../../contract/reconciliation.ts';
import type { OutboxEvent } from '../event/event.ts';
import { errorFields } from '../inbox/log.ts';
import { messageToken } from '../message-token.ts';
import type { MendPorts } from './options.ts';

/** Writes a missing event. Answers whether that went well; the log says why not. */
export async function writeMissing(
  event: OutboxEvent,
  { outbox, log }: MendPorts,
): Promise<boolean> {
  const { type, aggregate, id } = event;
  try {
    await outbox.write({ events: [event] });
    return true;
  } catch (error) {
    log.error('missing event could not be written', {
      ...{ type, aggregate, eventId: id },
      ...errorFields(error),
    });
    return false;
  }
}

/**
 * Sends an event again, to one inbox alone. It is the message that was delivered before: should it have arrived
 * meanwhile, the inbox has it once. Answers whether that went well; the log says why not.
 */
export async function sendAgain(
  entry: Entry,
  { inbox, queueUrl }: ConsumerConfig,
  { sqs, source, log }: MendPorts,
): Promise<boolean> {
  try {
    await sqs.send(new SendMessageCommand(toRequest(entry, { queueUrl, source })));
    return true;
  } catch (error) {
    log.error('event could not be sent to its inbox again', {
      ...{ inbox, eventId: entry.id, type: entry.type },
      ...errorFields(error),
    });
    return false;
  }
}

function toRequest(
  entry: Entry,
  { queueUrl, source }: { queueUrl: string; source: string },
): SendMessageCommandInput {
  const message = { QueueUrl: queueUrl, MessageBody: toMessageJson(entry, source) };
  if (!queueUrl.endsWith('.fifo')) return message;
  return {
    ...message,
    MessageGroupId: messageToken(entry.aggregate),
    MessageDeduplicationId: entry.id,
  };
}
