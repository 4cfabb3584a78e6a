// What the relay reads of the event that Lambda makes of a stream's records. `@types/aws-lambda` fits, and is not
// needed: its types declare a global, which would come along with the types of `cdk-outbox/testing`.
// https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html

/** A batch of records of a table's stream. */
export interface DynamoDBStreamEvent {
  Records: DynamoDBRecord[];
}

/** One change of one row. */
export interface DynamoDBRecord {
  eventName?: 'INSERT' | 'MODIFY' | 'REMOVE' | undefined;
  dynamodb?: StreamRecord | undefined;
}

/** What changed. Attributes are in DynamoDB's JSON: `{ "S": "text" }`. */
export interface StreamRecord {
  /** Epoch seconds. */
  ApproximateCreationDateTime?: number | undefined;
  Keys?: Record<string, StreamAttribute> | undefined;
  NewImage?: Record<string, StreamAttribute> | undefined;
  OldImage?: Record<string, StreamAttribute> | undefined;
  SequenceNumber?: string | undefined;
}

/** A value by its DynamoDB type; binary values are in Base64. */
export interface StreamAttribute {
  B?: string | undefined;
  BS?: string[] | undefined;
  BOOL?: boolean | undefined;
  L?: StreamAttribute[] | undefined;
  M?: Record<string, StreamAttribute> | undefined;
  N?: string | undefined;
  NS?: string[] | undefined;
  NULL?: boolean | undefined;
  S?: string | undefined;
  SS?: string[] | undefined;
}

/** The records from which on Lambda brings the batch again; none if all of it is settled. */
export interface DynamoDBBatchResponse {
  batchItemFailures: { itemIdentifier: string }[];
}
