import type { MessageAttributeValue, Message as SqsMessage } from '@aws-sdk/client-sqs';

import { definedOnly } from '../../core/collections.ts';
import { deadLetterAttributes } from '../../inbox/dead-letter.ts';
import { openEnvelope } from '../../inbox/delivery.ts';
import { isInvalidMessage, type Message } from '../../table/message.ts';

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
  /** Why it is there, if its sender recorded a reason. */
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

export function readDeadLetter(message: QueueMessage): DeadLetter {
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
function textOf(
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

/**
 * What a message in a dead-letter queue is.
 *
 * - `message`: one of an outbox, which goes back to the queue that it was meant for.
 * - `batch`: a record of a range of the stream that a relay's event source mapping discarded. The entries are in the
 *   table, and the sweeper delivers them; the record only needs to be deleted.
 * - `foreign`: neither; left alone.
 */
export type Kind =
  /** `target`: ARN of the queue that it was meant for, where it says so. */
  | { readonly kind: 'message'; readonly target?: string }
  | { readonly kind: 'batch'; readonly entries: number }
  | { readonly kind: 'foreign' };

/** https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html */
const targetAttribute = 'TARGET_ARN';

export function kindOf({ body, attributes }: QueueMessage): Kind {
  const batch = batchOf(body);
  if (batch !== undefined) return { kind: 'batch', entries: batch.batchSize ?? 0 };
  if (isInvalidMessage(openEnvelope(body))) return { kind: 'foreign' };
  const target = textOf(attributes, [targetAttribute]);
  return { kind: 'message', ...(target?.includes(':sqs:') === true ? { target } : {}) };
}

/** https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html */
function batchOf(body: string): { batchSize?: number } | undefined {
  const value = parse(body);
  const isBatch = typeof value === 'object' && value !== null && 'DDBStreamBatchInfo' in value;
  return isBatch ? (value.DDBStreamBatchInfo as { batchSize?: number }) : undefined;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
