import {
  SendMessageCommand,
  type MessageAttributeValue,
  type SendMessageCommandInput,
  type SQSClient,
} from '@aws-sdk/client-sqs';

import { OutboxError } from '../core/errors.ts';
import { limits } from '../core/limits.ts';
import { cutToBytes, replaceUnsendable, utf8Bytes } from '../core/redact.ts';
import type { Rejection } from './delivery.ts';
import type { SqsMessageAttribute, SqsRecord } from './sqs-event.ts';

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
        { details: { messageId: record.messageId, reason: rejection.code }, cause },
      );
    }
  };
}

/**
 * Names of the message attributes that say why a message is in an inbox's dead-letter queue.
 *
 * A message that the queue's own redrive policy moved there, after its deliveries failed, has none of them.
 */
export const deadLetterAttributes = {
  /** The code of an `OutboxError`: `MESSAGE_INVALID`. */
  reason: 'outboxErrorCode',
  /** For a person, without the payload; at most 1 KB. */
  detail: 'outboxErrorMessage',
  /** Which inbox gave the message up. */
  inbox: 'outboxInboxName',
  /** The id that the queue had given the message: a new one is given on the way. */
  messageId: 'outboxMessageId',
} as const;

/** Where a rejected message goes, and in whose name. */
interface DeadLetterAddress {
  readonly queueUrl: string;
  readonly inbox: string;
}

type Attribute = readonly [name: string, value: MessageAttributeValue];
type Attributes = Record<string, MessageAttributeValue>;

const maxDetailBytes = 1024;

/**
 * The call that moves a message to the dead-letter queue: its body as it came, the reason as
 * attributes, and as many of its own attributes as SQS has room for (10, and 1 MiB with the body).
 *
 * Where the body leaves little room, the message's own attributes give way first, then the detail, which is
 * cut. The body is always sent; with a body of 1 MiB there is no room for a reason, and only the log has it.
 *
 * On a FIFO queue it stays in its group, and its own id keeps a second copy out for five minutes.
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
 */
export function toDeadLetter(
  record: SqsRecord,
  rejection: Rejection,
  { queueUrl, inbox }: DeadLetterAddress,
): SendMessageCommandInput {
  const reasons = reasonsFor(record, rejection, inbox);
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

/** Why the message is there, as far as the body leaves room for it. */
function reasonsFor(
  { body, messageId }: SqsRecord,
  rejection: Rejection,
  inbox: string,
): Attributes {
  const { reason, detail, inbox: inboxName, messageId: idName } = deadLetterAttributes;
  const ids = fitting(
    [
      [reason, text(rejection.code)],
      [inboxName, text(inbox)],
      [idName, text(messageId)],
    ],
    roomBeside(body, {}),
  );
  const room = roomBeside(body, ids) - bytesOf([detail, { DataType: 'String' }]);
  const maxBytes = Math.max(0, Math.min(room, maxDetailBytes));
  const { StringValue = '' } = text(rejection.detail);
  const value = { DataType: 'String', StringValue: cutToBytes(StringValue, maxBytes) };
  return value.StringValue === '' ? ids : { ...ids, [detail]: value };
}

/** The record's own attributes that fit in addition to the body and the reasons. */
function ownAttributes({ body, messageAttributes }: SqsRecord, reasons: Attributes): Attributes {
  const oldReasons: readonly string[] = Object.values(deadLetterAttributes);
  const own = Object.entries(messageAttributes)
    // A message that came back from a dead-letter queue still carries its old reasons.
    .filter(([name]) => !oldReasons.includes(name))
    .map(([name, attribute]): Attribute => [name, toValue(attribute)]);
  const places = limits.queue.maxAttributes - Object.keys(reasons).length;
  return fitting(own, roomBeside(body, reasons), places);
}

function roomBeside(body: string, attributes: Attributes): number {
  const taken = [utf8Bytes(body), ...Object.entries(attributes).map(bytesOf)];
  return limits.queue.maxRequestBytes - taken.reduce((sum, size) => sum + size, 0);
}

/** The first of the attributes that fit together; one that is too large makes room for a smaller one after it. */
function fitting(attributes: readonly Attribute[], room: number, places = Infinity): Attributes {
  let bytes = room;
  const chosen = attributes.filter((attribute) => {
    const size = bytesOf(attribute);
    if (size > bytes) return false;
    bytes -= size;
    return true;
  });
  return Object.fromEntries(chosen.slice(0, places));
}

function toValue(attribute: SqsMessageAttribute): MessageAttributeValue {
  const { dataType: DataType, stringValue: StringValue, binaryValue } = attribute;
  return binaryValue === undefined
    ? { DataType, StringValue }
    : { DataType, BinaryValue: Buffer.from(binaryValue, 'base64') };
}

/** SQS refuses empty values, and characters that XML does not know. */
function text(value: string): MessageAttributeValue {
  return { DataType: 'String', StringValue: replaceUnsendable(value, () => '?') || '-' };
}

function bytesOf([name, value]: Attribute): number {
  const { DataType = '', StringValue = '', BinaryValue } = value;
  return utf8Bytes(name + DataType + StringValue) + (BinaryValue?.byteLength ?? 0);
}
