import { createHash, randomUUID } from 'node:crypto';

import { pickDefined } from '../core/collections.ts';
import type { OutboxEvent } from '../events/event.ts';
import type { SqsEvent, SqsRecord, SqsRecordAttributes } from '../inbox/sqs-event.ts';
import { contextKeys, type Entry, type EventContext } from '../table/entry.ts';
import { toMessageJson, type Message } from '../table/message.ts';

/**
 * What a message is wrapped in on its way: nothing (a queue as destination, a rule that passes on
 * `$.detail`, an SNS subscription with raw delivery), an EventBridge event, or an SNS notification.
 */
export type Envelope = 'none' | 'eventBridge' | 'sns';

/** How messages come out of a queue. */
export interface SqsEventOptions {
  /** @default 'none' */
  readonly envelope?: Envelope;
  /**
   * Whether the queue is a FIFO queue. The message's aggregate is its group then.
   *
   * @default false
   */
  readonly fifo?: boolean;
  /**
   * How often the queue has delivered the messages, this time included.
   *
   * @default 1
   */
  readonly receiveCount?: number;
}

/** An event as Lambda makes it of a queue's messages, with all that `@types/aws-lambda` asks for. */
export interface LambdaSqsEvent extends SqsEvent {
  Records: LambdaSqsRecord[];
}

/** A record as Lambda makes it of one message: `SQSRecord` of `@types/aws-lambda`. */
export interface LambdaSqsRecord extends SqsRecord {
  receiptHandle: string;
  eventSource: string;
  awsRegion: string;
  md5OfBody: string;
  attributes: SqsRecordAttributes & {
    SenderId: string;
    SentTimestamp: string;
    ApproximateFirstReceiveTimestamp: string;
  };
}

/**
 * The event that Lambda passes to a queue's consumer, of events as a producer makes them:
 *
 * ```ts
 * await handler(toSqsEvent([OrderPlaced('42', { orderId: '42', total: 9 })]), context);
 * ```
 */
export function toSqsEvent(
  events: readonly OutboxEvent[],
  options: SqsEventOptions = {},
): LambdaSqsEvent {
  return sqsEventOf(
    events.map((event) => messageOf(event)),
    options,
  );
}

/**
 * The event that Lambda passes to a queue's consumer. A message that is a string is taken for a body as it
 * is, to show a consumer what is no message.
 *
 * Each call makes new SQS message ids, as each delivery by a relay does.
 */
export function sqsEventOf(
  messages: readonly (Message | string)[],
  options: SqsEventOptions = {},
): LambdaSqsEvent {
  return { Records: messages.map((message) => toRecord(message, options)) };
}

/** When every message was sent: the same in each run. */
const sentAt = '1767225600000';

function toRecord(message: Message | string, options: SqsEventOptions): LambdaSqsRecord {
  const { fifo = false, receiveCount = 1 } = options;
  const { body, group } = contentsOf(message, options);
  return {
    messageId: randomUUID(),
    receiptHandle: randomUUID(),
    body,
    attributes: {
      ApproximateReceiveCount: String(receiveCount),
      SenderId: 'sender',
      SentTimestamp: sentAt,
      ApproximateFirstReceiveTimestamp: sentAt,
      ...(fifo ? { MessageGroupId: group } : {}),
    },
    messageAttributes: {},
    md5OfBody: createHash('md5').update(body).digest('hex'),
    eventSource: 'aws:sqs',
    eventSourceARN: `arn:aws:sqs:eu-west-1:111122223333:inbox${fifo ? '.fifo' : ''}`,
    awsRegion: 'eu-west-1',
  };
}

function contentsOf(
  message: Message | string,
  { envelope = 'none' }: SqsEventOptions,
): { body: string; group: string } {
  return typeof message === 'string'
    ? { body: message, group: 'no message' }
    : { body: wrap[envelope](message), group: message.subject };
}

const wrap: Record<Envelope, (message: Message) => string> = {
  none: (message) => JSON.stringify(message),
  eventBridge: (message) =>
    JSON.stringify({
      version: '0',
      id: randomUUID(),
      'detail-type': message.type,
      source: message.source,
      account: '111122223333',
      time: message.time,
      region: 'eu-west-1',
      resources: [],
      detail: message,
    }),
  sns: (message) =>
    JSON.stringify({
      Type: 'Notification',
      MessageId: randomUUID(),
      TopicArn: 'arn:aws:sns:eu-west-1:111122223333:topic',
      Message: JSON.stringify(message),
      Timestamp: message.time,
    }),
};

/** What a message has in addition to its event: what writing and delivering would have added. */
export interface MessageOptions extends EventContext {
  /** @default 'test' */
  readonly source?: string;
  /** @default - the event's own number; none where it asks for the next, which only an outbox gives */
  readonly sequence?: number;
  /** Names a replay, to make a replayed message. */
  readonly replayId?: string;
}

/** An event as far as its message depends on it. */
type EventToDeliver = Pick<
  OutboxEvent,
  'id' | 'type' | 'version' | 'aggregate' | 'data' | 'sequence'
>;

/**
 * The message that consumers get of an event, as the relay makes it: the same code makes both.
 *
 * ```ts
 * const message = messageOf(OrderPlaced('42', { orderId: '42', total: 12 }));
 * await handler(sqsEventOf([message]));
 * ```
 *
 * Its data is taken as it is: make it invalid to see what a consumer does with it.
 */
export function messageOf(event: EventToDeliver, options: MessageOptions = {}): Message {
  const { id, type, version, aggregate, data } = event;
  const { source = 'test', replayId, sequence = event.sequence } = options;
  const entry: Entry = {
    id,
    type,
    version,
    aggregate,
    data: JSON.stringify(data),
    ...(typeof sequence === 'number' ? { sequence } : {}),
    ...pickDefined(options, contextKeys),
  };
  const marks = replayId === undefined ? {} : { replayId };
  return JSON.parse(toMessageJson(entry, source, marks)) as Message;
}
