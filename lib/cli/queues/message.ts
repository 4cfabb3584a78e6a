import type { Message as SqsMessage, MessageAttributeValue } from '@aws-sdk/client-sqs';

import { isInvalidMessage, type Message } from '../../table/message.ts';
import { definedOnly } from '../../core/pick.ts';
import { deadLetterAttributes } from '../../inbox/dead-letter-request.ts';
import { openEnvelope } from '../../inbox/envelope.ts';

/** A message as it was received from a queue. */
export interface QueueMessage {
  readonly id: string;
  readonly body: string;
  /** What it is deleted and given back by, until it is received again. */
  readonly receiptHandle: string;
  readonly attributes: Readonly<Record<string, MessageAttributeValue>>;
  /** FIFO queues only. */
  readonly group?: string;
  /** Epoch milliseconds. */
  readonly sentAt: number;
  /** How often it was received, this time included. */
  readonly receives: number;
}

/** What is known of a message in a dead-letter queue. */
export interface DeadLetter {
  readonly messageId: string;
  /** Of the event that it tells of; absent, as type and aggregate, where it tells of none. */
  readonly eventId?: string;
  readonly type?: string;
  readonly aggregate?: string;
  /** Why it is there, where whoever put it there said so. */
  readonly reason?: string;
  readonly detail?: string;
  readonly sentAt: number;
  readonly receives: number;
}

export function toQueueMessage(message: SqsMessage): QueueMessage {
  const { MessageId = '', Body = '', ReceiptHandle = '', MessageAttributes = {} } = message;
  return {
    id: MessageId,
    body: Body,
    receiptHandle: ReceiptHandle,
    attributes: MessageAttributes,
    ...systemAttributes(message.Attributes ?? {}),
  };
}

function systemAttributes(
  attributes: NonNullable<SqsMessage['Attributes']>,
): Pick<QueueMessage, 'group' | 'sentAt' | 'receives'> {
  const { MessageGroupId: group, SentTimestamp, ApproximateReceiveCount } = attributes;
  return {
    ...definedOnly({ group }),
    sentAt: Number(SentTimestamp ?? 0),
    receives: Number(ApproximateReceiveCount ?? 0),
  };
}

export function toDeadLetter(message: QueueMessage): DeadLetter {
  const { id: messageId, sentAt, receives, attributes } = message;
  const reason = textOf(attributes, [deadLetterAttributes.reason, 'ERROR_CODE', 'ErrorCode']);
  const detail = textOf(attributes, [deadLetterAttributes.detail, 'ERROR_MESSAGE', 'ErrorMessage']);
  return {
    messageId,
    ...eventOf(message.body),
    ...definedOnly({ reason, detail }),
    sentAt,
    receives,
  };
}

/** The first of the attributes that is there. EventBridge and SNS have names of their own for what an inbox says too. */
export function textOf(
  attributes: QueueMessage['attributes'],
  names: readonly string[],
): string | undefined {
  return names
    .map((name) => attributes[name]?.StringValue)
    .find((text) => text !== undefined && text !== '');
}

function eventOf(body: string): Pick<DeadLetter, 'eventId' | 'type' | 'aggregate'> {
  const message = openEnvelope(body);
  if (isInvalidMessage(message)) return {};
  const { id, type, subject }: Message = message;
  return { eventId: id, type, aggregate: subject };
}
