import { Duration } from 'aws-cdk-lib';
import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import type { Grant, IGrantable } from 'aws-cdk-lib/aws-iam';
import type { Function } from 'aws-cdk-lib/aws-lambda';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import { Schedule, ScheduleExpression } from 'aws-cdk-lib/aws-scheduler';
import { LambdaInvoke } from 'aws-cdk-lib/aws-scheduler-targets';
import { Construct } from 'constructs';

import { toPrefix } from '../../table/archive.ts';
import { archiverToEnvironment } from '../../core/environment.ts';
import {
  createArchiveBucket,
  grantReadFolder,
  grantWriteFolder,
  type BucketFolder,
} from './archive-bucket.ts';
import { checkArchive } from './archive-check.ts';
import { archiveDefaults, type ArchiveProps } from './props.ts';
import { withDefaults } from '../shared/defaults.ts';
import { createFunction } from '../shared/outbox-function.ts';
import type { OutboxSettings } from '../outbox/props.ts';
import { grantItems } from '../shared/table-grants.ts';

/** What the archiver does to the table: it reads pages, and notes how far it came. */
const itemActions = ['BatchGetItem', 'DeleteItem', 'GetItem', 'Query', 'UpdateItem'];

/** What an archive is of. */
export interface ArchiveParts {
  readonly table: ITable;
  readonly settings: OutboxSettings;
  readonly archive: ArchiveProps;
}

const hour = Duration.hours(1);

/** The archive that an outbox's settings ask for; `undefined` where they ask for none. */
export function createArchive(
  scope: Construct,
  { table, settings }: Omit<ArchiveParts, 'archive'>,
): Archive | undefined {
  const { archive } = settings;
  if (archive === undefined) return undefined;
  return new Archive(scope, 'Archive', {
    table,
    settings,
    archive: archive === true ? {} : archive,
  });
}

/** The bucket that pages are archived to, and the function that does it every hour. */
export class Archive extends Construct {
  readonly bucket: IBucket;
  readonly function: Function;
  /** Where it is, as `s3://bucket/prefix`. */
  readonly location: string;
  readonly #folder: BucketFolder;

  constructor(scope: Construct, id: string, { table, settings, archive }: ArchiveParts) {
    super(scope, id);
    const chosen = withDefaults(archive, archiveDefaults);
    checkArchive(this, archive, chosen);
    this.bucket = chosen.bucket ?? createArchiveBucket(this, chosen, settings.encryptionKey);
    this.#folder = { bucket: this.bucket, prefix: toPrefix(chosen.prefix) };
    this.location = `s3://${this.bucket.bucketName}/${this.#folder.prefix}`;
    const environment = archiverToEnvironment({
      tableName: table.tableName,
      shards: settings.shards,
      retentionMs: settings.retention.toMilliseconds(),
      source: settings.source,
      archive: this.location,
    });
    this.function = createFunction(this, environment, {
      bundle: 'archiver',
      description: `Archives the events of ${settings.source}`,
      memorySize: chosen.memorySize,
      // As long as may be: what a run has not finished of an hour the next begins again.
      timeout: Duration.minutes(15),
      logRetention: chosen.logRetention,
    });
    grantItems(table, this.function, itemActions);
    grantWriteFolder(this.#folder, this.function);
    this.runEveryHour(settings.source);
  }

  /** Lets a role read the archive, and nothing else of the bucket. */
  grantRead(grantee: IGrantable): Grant {
    return grantReadFolder(this.#folder, grantee);
  }

  /** What failed is not repeated, neither by Lambda nor by the schedule: the next hour comes anyway. */
  private runEveryHour(source: string): void {
    const onlyOnce = { retryAttempts: 0, maxEventAge: hour };
    this.function.configureAsyncInvoke(onlyOnce);
    new Schedule(this, 'Schedule', {
      description: `Runs the archiver of ${source}`,
      schedule: ScheduleExpression.rate(hour),
      target: new LambdaInvoke(this.function, onlyOnce),
    });
  }
}
