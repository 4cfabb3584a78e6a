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
    /** Lists and maps within each other, the item itself included. */
    maxLevels: 32,
    maxPartitionKeyBytes: 2048,
    maxBatchGetKeys: 100,
    maxBatchWriteItems: 25,
  },
  /** https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html (the total must stay below 1 MB) */
  eventBus: {
    maxEntries: 10,
    maxRequestBytes: 1024 * 1024 - 1,
    maxTypeChars: 128,
    /** Adjustable: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html */
    maxPatternChars: 2048,
  },
  /** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html */
  queue: {
    maxEntries: 10,
    maxRequestBytes: 1024 * 1024,
    maxGroupIdChars: 128,
    /** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html */
    maxAttributes: 10,
  },
  /** https://docs.aws.amazon.com/sns/latest/api/API_PublishBatch.html */
  topic: {
    maxEntries: 10,
    maxRequestBytes: 256 * 1024,
    maxGroupIdChars: 128,
    /** https://docs.aws.amazon.com/sns/latest/dg/subscription-filter-policy-constraints.html */
    maxFilterValues: 150,
  },
  /** https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html */
  lambda: { maxEnvironmentBytes: 4096, maxDescriptionChars: 256 },
  /** https://docs.aws.amazon.com/scheduler/latest/APIReference/API_CreateSchedule.html */
  schedule: { maxDescriptionChars: 512 },
  /** https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html */
  alarm: { maxDescriptionChars: 1024 },
} as const;

/** Limits of the package's own making. */
export const ownLimits = {
  /** Shards of a page: partition keys that one minute's entries spread over. */
  minShards: 1,
  maxShards: 256,
  /** Bytes of an aggregate (`type/id`): leaves room for the prefixes of its partition keys. */
  maxAggregateBytes: 1024,
  /**
   * How far the time of an event's id may be from when it is written, or due where that is later. Beyond it the
   * event would land in a page long settled.
   */
  maxEventAgeMs: 60 * 60 * 1000,
  /** How far ahead an event may be due. Beyond it somebody took one unit of time for another. */
  maxDeferralMs: 10 * 366 * 24 * 60 * 60 * 1000,
  /**
   * Bytes by which an entry's row may grow when it is copied into the waiting room: longer keys, its
   * state, its last error, the names of the destinations that lack it. An entry that is written must
   * leave them free of the 400 KB of an item, so that it can always be kept until it is delivered.
   */
  waitingOverheadBytes: 8 * 1024,
  /** Characters that are kept of a row that holds no valid entry: enough to judge it by, and sure to fit in an item. */
  maxInvalidRowChars: 50_000,
  /** Bytes that are kept of an error's code and of its message. */
  maxErrorCodeBytes: 128,
  maxErrorMessageBytes: 1024,
  /** Attempts that a waiting entry remembers one by one: the last ones. */
  maxAttemptsKept: 10,
  /** Bytes of an inbox's name: leaves room for an aggregate in the same partition key. */
  maxInboxNameBytes: 512,
  /** Destinations of one outbox, and bytes of the name of each: a waiting entry names those that lack it. */
  maxDestinations: 20,
  maxDestinationNameBytes: 64,
  /**
   * Bytes of a message that the writer does not count: its source, the name of a replay, and the
   * message attributes that repeat its type and its aggregate.
   */
  messageOverheadBytes: 2048,
  /** Bytes of JSON that are remembered of what a handler under a lease answered with. */
  maxResultBytes: 4 * 1024,
  /** Levels of lists and objects in an event's data. Parsers of other languages stop between 64 and 1,000. */
  maxDataDepth: 100,
  /** Characters of a correlation id, a causation id and a tenant. */
  maxContextChars: 256,
  /** Characters of a `traceparent` and a `tracestate`. https://www.w3.org/TR/trace-context/#tracestate-limits */
  maxTraceparentChars: 256,
  maxTracestateChars: 512,
  /** Characters of a message's source. EventBridge has the same limit. */
  maxSourceChars: 256,
} as const;
