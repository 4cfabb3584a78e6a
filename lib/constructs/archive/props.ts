import { Duration } from 'aws-cdk-lib';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { IBucket } from 'aws-cdk-lib/aws-s3';

import type { WithDefaults } from '../shared/check.ts';

/** How an outbox is archived. */
export interface ArchiveProps {
  /**
   * A bucket of yours. What its objects cost and how long they stay is then yours to say.
   *
   * @default - a bucket is created: closed to the public, encrypted, refusing plain HTTP, and kept when the stack goes
   */
  readonly bucket?: IBucket;

  /**
   * What the keys of the archive begin with: a folder, whether it ends in a slash or not.
   *
   * Two outboxes of the same source need different ones in one bucket.
   *
   * @default - nothing
   */
  readonly prefix?: string;

  /**
   * When objects of the created bucket move to Glacier Instant Retrieval: at least a day.
   *
   * They are read at once there too, and `replay` and Athena read them as before; storage costs a sixth, and
   * reading 3 cents a GB. S3 leaves objects below 128 KB where they are.
   * https://docs.aws.amazon.com/AmazonS3/latest/userguide/lifecycle-transition-general-considerations.html
   *
   * @default Duration.days(90)
   */
  readonly transitionAfter?: Duration;

  /**
   * When objects of the created bucket are deleted: later than `transitionAfter`.
   *
   * @default - never
   */
  readonly expiration?: Duration;

  /**
   * Memory of the archiver in MB: 512 to 10240. Raise it where an hour has tens of millions of events: an hour must be
   * archived within 15 minutes.
   *
   * @default 1024
   */
  readonly memorySize?: number;

  /**
   * How long the archiver's log is kept. It holds ids, never payloads.
   *
   * @default RetentionDays.ONE_MONTH
   */
  readonly logRetention?: RetentionDays;
}

/** What an archive does where its props say nothing. */
export const archiveDefaults = {
  prefix: '',
  transitionAfter: Duration.days(90),
  memorySize: 1024,
  logRetention: RetentionDays.ONE_MONTH,
} as const satisfies ArchiveProps;

/** An archive's props with everything said. */
export type ArchiveSettings = WithDefaults<ArchiveProps, typeof archiveDefaults>;
