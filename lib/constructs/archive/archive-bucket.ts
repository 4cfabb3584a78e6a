import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { Grant, type IGrantable } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import {
  BlockPublicAccess,
  Bucket,
  BucketEncryption,
  StorageClass,
  type IBucket,
} from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';

import type { ArchiveSettings } from './props.ts';
import { definedOnly } from '../shared/defaults.ts';

/** Objects of a bucket whose keys begin alike. */
export interface BucketFolder {
  readonly bucket: IBucket;
  /** Empty, or ending in a slash. */
  readonly prefix: string;
}

/** How long a version stays that was written over or deleted: time to notice that somebody changed the archive. */
const keepReplaced = Duration.days(90);

/** The bucket of an archive. It keeps versions, so that what somebody changes in it can be restored. */
export function createArchiveBucket(
  scope: Construct,
  { coldAfter, expireAfter }: ArchiveSettings,
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
          { storageClass: StorageClass.GLACIER_INSTANT_RETRIEVAL, transitionAfter: coldAfter },
        ],
        ...definedOnly({ expiration: expireAfter }),
      },
    ],
  });
  return bucket as IBucket;
}

/** Lets a role read a folder: its objects, and which there are. */
export function grantReadFolder({ bucket, prefix }: BucketFolder, grantee: IGrantable): Grant {
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
export function grantWriteFolder(folder: BucketFolder, grantee: IGrantable): Grant {
  const { bucket, prefix } = folder;
  bucket.encryptionKey?.grant(grantee, 'kms:GenerateDataKey');
  const writing = Grant.addToPrincipal({
    grantee,
    actions: ['s3:PutObject'],
    resourceArns: [bucket.arnForObjects(`${prefix}*`)],
  });
  return grantReadFolder(folder, grantee).combine(writing);
}
