/**
 * AWS limits that the package checks before a call, each with its source.
 *
 * Sizes are bytes of UTF-8. They are limits of AWS, not settings: change them when AWS does.
 */
export const limits = {
  /** https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html */
  transaction: { maxActions: 100, maxBytes: 4 * 1024 * 1024, maxTokenChars: 36 },
  /** https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html */
  table: {
    maxItemBytes: 400 * 1024,
    maxBatchGetKeys: 100,
    maxBatchWriteItems: 25,
  },
  /** https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html (the total must stay below 1 MB) */
  eventBus: { maxEntries: 10, maxRequestBytes: 1024 * 1024 - 1, maxTypeChars: 128 },
  /** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html */
  queue: { maxEntries: 10, maxRequestBytes: 1024 * 1024, maxGroupIdChars: 128 },
  /** https://docs.aws.amazon.com/sns/latest/api/API_PublishBatch.html */
  topic: { maxEntries: 10, maxRequestBytes: 256 * 1024, maxGroupIdChars: 128 },
} as const;

/** Limits of the package's own making. */
export const ownLimits = {
  /** Shards of a page: partition keys that one minute's entries spread over. */
  minShards: 1,
  maxShards: 256,
  /** Bytes of an aggregate (`type/id`): leaves room for the prefixes of its partition keys. */
  maxAggregateBytes: 1024,
  /** How long after its creation an event may be written. Beyond it the event would land in a page long settled. */
  maxEventAgeMs: 60 * 60 * 1000,
} as const;
