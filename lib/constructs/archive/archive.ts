import { Duration, RemovalPolicy, Token } from 'aws-cdk-lib';
import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import { Grant, type IGrantable } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { Function } from 'aws-cdk-lib/aws-lambda';
import {
  BlockPublicAccess,
  Bucket,
  BucketEncryption,
  StorageClass,
  type IBucket,
} from 'aws-cdk-lib/aws-s3';
import { Schedule, ScheduleExpression } from 'aws-cdk-lib/aws-scheduler';
import { LambdaInvoke } from 'aws-cdk-lib/aws-scheduler-targets';
import { Construct, type IConstruct } from 'constructs';

import { archiverToEnvironment } from '../../core/environment.ts';
import { toPrefix } from '../../table/archive.ts';
import type { OutboxPropsWithDefaults } from '../outbox/props.ts';
import { checkDuration, checkNumber, definedOnly, fail, withDefaults } from '../shared/check.ts';
import { createFunction } from '../shared/package-function.ts';
import { grantItems } from '../shared/table-grants.ts';
import { archiveDefaults, type ArchiveProps, type ArchiveSettings } from './props.ts';

/** What the archiver does to the table: it reads pages, and notes how far it came. */
const itemActions = ['BatchGetItem', 'DeleteItem', 'GetItem', 'Query', 'UpdateItem'];

/** What an archive is of. */
export interface ArchiveParts {
  readonly table: ITable;
  readonly settings: OutboxPropsWithDefaults;
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
      shards: settings.shardCount,
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

/** Fails on settings that could not work. Values known only at deployment pass. */
function checkArchive(
  scope: IConstruct,
  given: ArchiveProps,
  { prefix, transitionAfter: transitionAfter, expiration: expiration, memorySize }: ArchiveSettings,
): void {
  checkPrefix(scope, prefix);
  checkNumber(scope, { name: 'memorySize of archive', value: memorySize, min: 512, max: 10_240 });
  if (given.bucket !== undefined && (given.transitionAfter ?? given.expiration) !== undefined) {
    fail(
      scope,
      'transitionAfter and expiration of archive are for a bucket that the outbox creates: give the lifecycle to the given bucket',
    );
  }
  const day = Duration.days(1);
  checkDuration(scope, { name: 'transitionAfter of archive', value: transitionAfter, min: day });
  if (expiration === undefined) return;
  const min = Duration.days(transitionAfter.toDays({ integral: false }) + 1);
  checkDuration(scope, { name: 'expiration of archive', value: expiration, min });
}

/** IAM and Athena read more into other characters. */
function checkPrefix(scope: IConstruct, prefix: string): void {
  if (Token.isUnresolved(prefix) || /^([\w.=-][\w.=/-]*)?$/.test(prefix)) return;
  fail(
    scope,
    `prefix of archive must be letters, digits and _ . = - / and not begin with /, got ${JSON.stringify(prefix)}`,
  );
}

/** Objects of a bucket whose keys begin alike. */
interface BucketFolder {
  readonly bucket: IBucket;
  /** Empty, or ending in a slash. */
  readonly prefix: string;
}

/** How long a version stays that was written over or deleted: time to notice that somebody changed the archive. */
const keepReplaced = Duration.days(90);

/** The bucket of an archive. It keeps versions, so that what somebody changes in it can be restored. */
function createArchiveBucket(
  scope: Construct,
  { transitionAfter: transitionAfter, expiration: expiration }: ArchiveSettings,
  encryptionKey: IKey | undefined,
): IBucket {
  const bucket = new Bucket(scope, 'Bucket', {
    blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
    enforceSSL: true,
    versioned: true,
    ...(encryptionKey === undefined
      ? { encryption: BucketEncryption.S3_MANAGED }
      : { encryption: BucketEncryption.KMS, encryptionKey, bucketKeyEnabled: true }),
    removalPolicy: RemovalPolicy.RETAIN,
    lifecycleRules: [
      {
        noncurrentVersionExpiration: keepReplaced,
        transitions: [
          {
            storageClass: StorageClass.GLACIER_INSTANT_RETRIEVAL,
            transitionAfter: transitionAfter,
          },
        ],
        ...definedOnly({ expiration: expiration }),
      },
    ],
  });
  return bucket as IBucket;
}

/** Lets a role read a folder: its objects, and which there are. */
function grantReadFolder({ bucket, prefix }: BucketFolder, grantee: IGrantable): Grant {
  bucket.encryptionKey?.grant(grantee, 'kms:Decrypt');
  const listing = Grant.addToPrincipal({
    grantee,
    actions: ['s3:ListBucket'],
    resourceArns: [bucket.bucketArn],
    conditions: { StringLike: { 's3:prefix': `${prefix}*` } },
  });
  const reading = Grant.addToPrincipal({
    grantee,
    actions: ['s3:GetObject'],
    resourceArns: [bucket.arnForObjects(`${prefix}*`)],
  });
  return listing.combine(reading);
}

/** Lets a role write to a folder, and read it. It may not delete. */
function grantWriteFolder(folder: BucketFolder, grantee: IGrantable): Grant {
  const { bucket, prefix } = folder;
  bucket.encryptionKey?.grant(grantee, 'kms:GenerateDataKey');
  const writing = Grant.addToPrincipal({
    grantee,
    actions: ['s3:PutObject'],
    resourceArns: [bucket.arnForObjects(`${prefix}*`)],
  });
  return grantReadFolder(folder, grantee).combine(writing);
}
