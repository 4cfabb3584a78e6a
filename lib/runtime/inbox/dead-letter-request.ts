import type { MessageAttributeValue, SendMessageCommandInput } from '@aws-sdk/client-sqs';

import { limits } from '../../contract/limits.ts';
import type { Rejection } from './delivery.ts';
import type { SqsMessageAttribute, SqsRecord } from './sqs-event.ts';

/** Names of the message attributes that say why a message is in the dead-letter queue. */
export const deadLetterAttributes = {
  reason: 'outboxReason',
  detail: 'outboxDetail',
  inbox: 'outboxInbox',
  /** The id that the queue had given the message: a new one is given on the way. */
  messageId: 'outboxMessageId',
} as const;

/** Where a rejected message goes, and in whose name. */
export interface DeadLetterAddress {
  readonly queueUrl: string;
  readonly inbox: string;
}

type Attributes = Record<string, MessageAttributeValue>;

const maxDetailChars = 1024;
const notAllowedInText = /[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/gu;

/**
 * The call that moves a message to the dead-letter queue: its body as it came, the reason as
 * attributes, and as many of its own attributes as SQS has room for (10, and 1 MiB with the body).
 *
 * On a FIFO queue it stays in its group, and its own id keeps a second copy out for five minutes.
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
 */
export function toDeadLetter(
  record: SqsRecord,
  rejection: Rejection,
  { queueUrl, inbox }: DeadLetterAddress,
): SendMessageCommandInput {
  const reasons = {
    [deadLetterAttributes.reason]: text(rejection.code),
    [deadLetterAttributes.detail]: text(rejection.detail.slice(0, maxDetailChars)),
    [deadLetterAttributes.inbox]: text(inbox),
    [deadLetterAttributes.messageId]: text(record.messageId),
  };
  return {
    QueueUrl: queueUrl,
    MessageBody: record.body,
    MessageAttributes: { ...ownAttributes(record, reasons), ...reasons },
    ...(queueUrl.endsWith('.fifo') ? groupOf(record) : {}),
  };
}

function groupOf({ attributes, messageId }: SqsRecord): Partial<SendMessageCommandInput> {
  return {
    MessageGroupId: attributes.MessageGroupId ?? messageId,
    MessageDeduplicationId: messageId,
  };
}

/** The record's own attributes that fit beside the body and the reasons. */
function ownAttributes({ body, messageAttributes }: SqsRecord, reasons: Attributes): Attributes {
  const taken = [Buffer.byteLength(body), ...Object.entries(reasons).map(bytesOf)];
  let bytes = limits.queue.maxRequestBytes - taken.reduce((sum, size) => sum + size, 0);
  let places = limits.queue.maxAttributes - Object.keys(reasons).length;
  const fitting = Object.entries(messageAttributes)
    // A message that came back from a dead-letter queue still carries its old reasons.
    .filter(([name]) => !(name in reasons))
    .map(([name, attribute]) => [name, toValue(attribute)] as const)
    .filter((attribute) => {
      const size = bytesOf(attribute);
      if (places === 0 || size > bytes) return false;
      places -= 1;
      bytes -= size;
      return true;
    });
  return Object.fromEntries(fitting);
}

function toValue(attribute: SqsMessageAttribute): MessageAttributeValue {
  const { dataType: DataType, stringValue: StringValue, binaryValue } = attribute;
  return binaryValue === undefined
    ? { DataType, StringValue }
    : { DataType, BinaryValue: Buffer.from(binaryValue, 'base64') };
}

/** SQS refuses empty values, and characters that XML does not know. */
function text(value: string): MessageAttributeValue {
  return { DataType: 'String', StringValue: value.replaceAll(notAllowedInText, '?') || '-' };
}

function bytesOf([name, value]: readonly [string, MessageAttributeValue]): number {
  const { DataType = '', StringValue = '', BinaryValue } = value;
  return Buffer.byteLength(name + DataType + StringValue) + (BinaryValue?.byteLength ?? 0);
}
