/**
 * What an inbox reads of the event that Lambda makes of a queue's messages. `SQSEvent` of
 * `@types/aws-lambda` fits; it is not needed.
 * https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
 */
export interface SqsEvent {
  readonly Records: readonly SqsRecord[];
}

/** One message of a queue, as Lambda hands it over. */
export interface SqsRecord {
  /** SQS's own id of the message: not the event's, and another in every delivery. */
  readonly messageId: string;
  /** What was sent: a message, bare or wrapped by EventBridge or SNS. */
  readonly body: string;
  /** ARN of the queue; that of a FIFO queue ends in `.fifo`. */
  readonly eventSourceARN: string;
  readonly attributes: SqsRecordAttributes;
  readonly messageAttributes: Readonly<Record<string, SqsMessageAttribute>>;
}

/** What SQS itself says of a message. */
export interface SqsRecordAttributes {
  /** How often the message was received, this time included; a number as text. */
  readonly ApproximateReceiveCount: string;
  /** What keeps its order in a FIFO queue. */
  readonly MessageGroupId?: string | undefined;
}

/** An attribute that the sender set on the message, outside its body: a text or bytes. */
export interface SqsMessageAttribute {
  /** `String`, `Number` or `Binary`, with a label of the sender's after a dot, if there is one. */
  readonly dataType: string;
  readonly stringValue?: string | undefined;
  /** Base64. */
  readonly binaryValue?: string | undefined;
}

/** Names the records to deliver again; the queue deletes the others. */
export interface SqsBatchResponse {
  batchItemFailures: { itemIdentifier: string }[];
}

/** Whether the queue of a record is a FIFO queue. */
export function isFifo({ eventSourceARN }: SqsRecord): boolean {
  return eventSourceARN.endsWith('.fifo');
}

/** Whether the record was received before: someone may have handled it. */
export function isRedelivered({ attributes }: SqsRecord): boolean {
  return Number(attributes.ApproximateReceiveCount) > 1;
}
