/**
 * What an inbox reads of the event that Lambda makes of a queue's messages. `SQSEvent` of
 * `@types/aws-lambda` fits; it is not needed.
 * https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
 */
export interface SqsEvent {
  readonly Records: readonly SqsRecord[];
}

export interface SqsRecord {
  /** SQS's own id of the message: not the event's, and another in every delivery. */
  readonly messageId: string;
  readonly body: string;
  readonly eventSourceARN: string;
  readonly attributes: SqsRecordAttributes;
  readonly messageAttributes: Readonly<Record<string, SqsMessageAttribute>>;
}

export interface SqsRecordAttributes {
  readonly ApproximateReceiveCount: string;
  readonly MessageGroupId?: string | undefined;
}

export interface SqsMessageAttribute {
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
