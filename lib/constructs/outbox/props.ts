import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';

import { alarmDefaults, type AlarmProps } from '../shared/alarms.ts';
import type { ArchiveProps } from '../archive/props.ts';
import type { WithDefaults } from '../shared/check.ts';
import type { Destination } from './destination.ts';

/** Properties of an {@link Outbox}. */
export interface OutboxProps extends AlarmProps {
  /**
   * The service that writes the events: the source of every message, and EventBridge's source.
   *
   * Consumers match on it, so it is part of the contract with them.
   */
  readonly source: string;

  /**
   * Where the events are delivered.
   *
   * @default - `destinations` must be given
   */
  readonly destination?: Destination;

  /**
   * Where the events are delivered: to each destination that takes their type.
   *
   * An event counts as published when all of them have it; only those that lack it are tried again.
   *
   * @default - `destination` must be given
   */
  readonly destinations?: readonly Destination[];

  /**
   * A table of yours that becomes the outbox table.
   *
   * It needs string keys `pk` and `sk`, a stream with new images, expiry on `expiresAt` and the index
   * `waiting`; the synthesis says what is missing. Its stream allows two readers, and the relay is one.
   *
   * @default - a table is created
   */
  readonly table?: ITable;

  /**
   * Partition keys that each minute's entries are spread over: 1 to 256.
   *
   * One takes about 500 entries of 1 KB a second. Raise it at any time for more; readers look at each of
   * them, so more shards cost more reads.
   *
   * @default 16
   */
  readonly shardCount?: number;

  /**
   * How long entries are kept, delivered or not: at least 3 days.
   *
   * What is not delivered by then waits in the waiting room, which never expires. Longer means more to
   * replay, and more storage.
   *
   * @default Duration.days(14)
   */
  readonly retention?: Duration;

  /**
   * Whether entries are copied to S3 before they expire, and how: `true`, or settings.
   *
   * Then `replay` reaches back beyond `retention`, and Athena reads the history. An hour is archived about
   * a day after it. `docs/archive.md` has what it costs, and the table for Athena.
   *
   * @default - not: what expires is gone
   */
  readonly archive?: true | ArchiveProps;

  /**
   * What happens to the table when it is removed from the stack.
   *
   * @default RemovalPolicy.RETAIN
   */
  readonly removalPolicy?: RemovalPolicy;

  /**
   * The key that encrypts the table, and the bucket of the archive if one is created. Writers, the relay, the
   * sweeper and the archiver are granted its use.
   *
   * @default - a key that DynamoDB owns
   */
  readonly encryptionKey?: IKey;

  /**
   * How often delivering an entry is tried before it is parked: 1 to 100.
   *
   * Five attempts take about an hour. Raise it for destinations that refuse single entries for longer;
   * an outage of the whole destination uses up no attempts.
   *
   * @default 5
   */
  readonly maxDeliveryAttempts?: number;

  /**
   * Memory of the relay in MB: 128 to 10240. Raise it for large events in large batches.
   *
   * @default 512
   */
  readonly relayMemorySize?: number;

  /**
   * How long one run of the relay may take: 30 seconds to 15 minutes. The last 15 seconds are kept for what
   * is under way.
   *
   * @default Duration.seconds(60)
   */
  readonly relayTimeout?: Duration;

  /**
   * Entries that the relay is handed at once, at most: 1 to 10000.
   *
   * More make receipts cheaper, and more entries are delivered again when a run fails.
   *
   * @default 100
   */
  readonly relayBatchSize?: number;

  /**
   * How long the relay's trigger waits for a batch to fill: up to 5 minutes.
   *
   * Fewer runs for a trickle of events, against that much latency.
   *
   * @default - no wait
   */
  readonly relayMaxBatchingWindow?: Duration;

  /**
   * Runs of the relay that may work on one shard of the stream side by side: 1 to 10.
   *
   * Raise it for throughput. A destination that keeps order allows 1 only: more would let an
   * aggregate's events overtake each other.
   *
   * @default 1
   */
  readonly relayParallelizationFactor?: number;

  /**
   * How often the event source mapping retries a failed batch before it discards it: 0 to 10000.
   *
   * Until then everything behind the batch waits. A discarded batch is not lost: its entries are
   * in the table, and the sweeper delivers them, but after what was behind it. So the default is small
   * enough for a record that crashes the relay each time not to block its shard for hours. Where a
   * destination keeps order, it is as large as it may be, and the stream holds the backlog of an outage, in
   * order, until `relayMaxRecordAge`.
   *
   * @default - 100; 10000 where a destination keeps order
   */
  readonly relayRetryAttempts?: number;

  /**
   * The maximum age of a stream record before the event source mapping discards it: 1 minute to 23 hours.
   *
   * The stream keeps records for a day. A discarded entry is not lost: it is in the table, and
   * the sweeper delivers it.
   *
   * @default Duration.hours(23)
   */
  readonly relayMaxRecordAge?: Duration;

  /**
   * How long the relay's log is kept. It holds ids, never payloads.
   *
   * @default RetentionDays.ONE_MONTH
   */
  readonly relayLogRetention?: RetentionDays;

  /**
   * Memory of the sweeper in MB: 128 to 10240. Raise it for large events, or to catch up faster.
   *
   * @default 512
   */
  readonly sweeperMemorySize?: number;

  /**
   * How long one run of the sweeper may take: 1 to 15 minutes.
   *
   * What it has not done by then the next one does, a minute after it began: several may run at once.
   *
   * @default Duration.minutes(5)
   */
  readonly sweeperTimeout?: Duration;

  /**
   * How long the sweeper's log is kept. It holds ids, never payloads.
   *
   * @default RetentionDays.ONE_MONTH
   */
  readonly sweeperLogRetention?: RetentionDays;
}

/** What an outbox does where its props say nothing. */
export const outboxDefaults = {
  shardCount: 16,
  retention: Duration.days(14),
  removalPolicy: RemovalPolicy.RETAIN,
  maxDeliveryAttempts: 5,
  relayMemorySize: 512,
  relayTimeout: Duration.seconds(60),
  relayBatchSize: 100,
  relayParallelizationFactor: 1,
  relayMaxRecordAge: Duration.hours(23),
  relayLogRetention: RetentionDays.ONE_MONTH,
  sweeperMemorySize: 512,
  sweeperTimeout: Duration.minutes(5),
  sweeperLogRetention: RetentionDays.ONE_MONTH,
  ...alarmDefaults,
} as const satisfies Partial<OutboxProps>;

/** An outbox's props with everything said. */
export type OutboxPropsWithDefaults = WithDefaults<OutboxProps, typeof outboxDefaults>;
