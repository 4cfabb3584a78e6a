import { Duration, type Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { EventBus } from 'aws-cdk-lib/aws-events';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Bucket, type IBucket } from 'aws-cdk-lib/aws-s3';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { describe, expect, test } from 'vitest';

import type { ArchiveProps } from '../../../lib/constructs/archive/props.ts';
import { Destination } from '../../../lib/constructs/outbox/destination.ts';
import type { OutboxProps } from '../../../lib/constructs/outbox/props.ts';
import { Outbox } from '../../../lib/constructs/outbox/outbox.ts';
import { archiverFromEnvironment } from '../../../lib/core/environment.ts';
import {
  environmentOf,
  flagSets,
  logicalIds,
  permissionsOf,
  propertiesOf,
  testStack,
  text,
} from '../support.ts';

const bucketType = 'AWS::S3::Bucket';
const functionType = 'AWS::Lambda::Function';
const alarmType = 'AWS::CloudWatch::Alarm';

function addOutbox(stack: Stack, props: Partial<OutboxProps> = {}): Outbox {
  return new Outbox(stack, 'Outbox', {
    source: 'orders',
    destination: Destination.eventBus(new EventBus(stack, 'Bus')),
    archive: true,
    ...props,
  });
}

function archivedStack(archive: true | ArchiveProps, stack = testStack()): Stack {
  addOutbox(stack, { archive });
  return stack;
}

function givenBucket(stack: Stack): IBucket {
  return new Bucket(stack, 'Given') as IBucket;
}

describe.each(flagSets)('with %s', (_, flags) => {
  const stack = archivedStack(true, testStack(flags));
  const template = Template.fromStack(stack);

  test('the bucket is closed to the public, encrypted, and stays when the stack goes', () => {
    template.hasResource(bucketType, {
      DeletionPolicy: 'Retain',
      UpdateReplacePolicy: 'Retain',
      Properties: {
        PublicAccessBlockConfiguration: {
          BlockPublicAcls: true,
          BlockPublicPolicy: true,
          IgnorePublicAcls: true,
          RestrictPublicBuckets: true,
        },
        BucketEncryption: {
          ServerSideEncryptionConfiguration: [
            { ServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } },
          ],
        },
      },
    });
  });

  test('the bucket refuses plain HTTP', () => {
    template.hasResourceProperties('AWS::S3::BucketPolicy', {
      PolicyDocument: {
        Statement: [
          Match.objectLike({
            Effect: 'Deny',
            Action: 's3:*',
            Condition: { Bool: { 'aws:SecureTransport': 'false' } },
          }),
        ],
      },
    });
  });

  test('the archiver runs every hour; what failed is not repeated', () => {
    const notRepeated = { MaximumRetryAttempts: 0, MaximumEventAgeInSeconds: 3600 };
    template.hasResourceProperties('AWS::Scheduler::Schedule', {
      ScheduleExpression: 'rate(1 hour)',
      State: 'ENABLED',
      Target: {
        Arn: { 'Fn::GetAtt': [Match.stringLikeRegexp('^OutboxArchiveFunction'), 'Arn'] },
        RetryPolicy: notRepeated,
      },
    });
    template.hasResourceProperties('AWS::Lambda::EventInvokeConfig', notRepeated);
  });

  test('the archiver may read pages, note how far it came, and write objects, and nothing else', () => {
    expect(permissionsOf(stack, 'OutboxArchive')).toEqual([
      'dynamodb:BatchGetItem on OutboxTable.Arn',
      'dynamodb:DeleteItem on OutboxTable.Arn',
      'dynamodb:GetItem on OutboxTable.Arn',
      'dynamodb:Query on OutboxTable.Arn',
      'dynamodb:UpdateItem on OutboxTable.Arn',
      's3:GetObject on OutboxArchiveBucket.Arn/*',
      's3:ListBucket on OutboxArchiveBucket.Arn',
      's3:PutObject on OutboxArchiveBucket.Arn/*',
    ]);
  });

  test('the ids of bucket, archiver and schedule never change', () => {
    const types = [bucketType, functionType, 'AWS::Scheduler::Schedule'];
    expect(logicalIds(stack, types).filter((id) => id.startsWith('OutboxArchive'))).toEqual([
      'OutboxArchiveBucketEED2EBDD',
      'OutboxArchiveFunction37A45D0D',
      'OutboxArchiveSchedule95210510',
    ]);
  });
});

test('without an archive there is none', () => {
  const stack = testStack();
  const outbox = new Outbox(stack, 'Outbox', {
    source: 'orders',
    destination: Destination.eventBus(new EventBus(stack, 'Bus')),
  });

  Template.fromStack(stack).resourceCountIs(bucketType, 0);
  expect(outbox.archiver).toBeUndefined();
  expect(outbox.archiveBucket).toBeUndefined();
  expect(environmentOf(stack, 'OutboxSweeper')).not.toHaveProperty('OUTBOX_ARCHIVE');
});

test('archiver and sweeper are told where the archive is', () => {
  const stack = archivedStack({ prefix: 'outbox/orders' });

  const environment = environmentOf(stack, 'OutboxArchive') as Record<string, string>;
  expect(text(environment['OUTBOX_ARCHIVE'])).toBe('s3://OutboxArchiveBucket/outbox/orders/');
  expect(text(environmentOf(stack, 'OutboxSweeper')['OUTBOX_ARCHIVE'])).toBe(
    's3://OutboxArchiveBucket/outbox/orders/',
  );
  expect(archiverFromEnvironment({ ...environment, OUTBOX_TABLE: 't' })).toMatchObject({
    tableName: 't',
    shards: 16,
    retentionMs: 14 * 24 * 60 * 60 * 1000,
    source: 'orders',
  });
});

describe('a given bucket', () => {
  test('is used under its prefix only', () => {
    const stack = testStack();
    const outbox = addOutbox(stack, {
      archive: { bucket: givenBucket(stack), prefix: 'outbox' },
    });

    expect(outbox.archiveBucket?.node.path).toBe('Orders/Given');
    expect(permissionsOf(stack, 'OutboxArchive').filter((one) => one.startsWith('s3:'))).toEqual([
      's3:GetObject on Given.Arn/outbox/*',
      's3:ListBucket on Given.Arn',
      's3:PutObject on Given.Arn/outbox/*',
    ]);
    Template.fromStack(stack).hasResourceProperties('AWS::IAM::Policy', {
      PolicyDocument: {
        Statement: Match.arrayWith([
          Match.objectLike({
            Action: 's3:ListBucket',
            Condition: { StringLike: { 's3:prefix': 'outbox/*' } },
          }),
        ]),
      },
    });
  });

  test('fails when it comes with a lifecycle, which is for its owner to say', () => {
    const stack = testStack();
    const bucket = givenBucket(stack);
    const archive = { bucket, expiration: Duration.days(400) };

    expect(() => addOutbox(stack, { archive })).toThrow(
      'transitionAfter and expiration of archive are for a bucket that the outbox creates: give the lifecycle to the given bucket (Orders/Outbox/Archive)',
    );
  });
});

test('a role that may read the outbox may read its archive, and not write it', () => {
  const stack = testStack();
  const outbox = addOutbox(stack);
  const assumedBy = new ServicePrincipal('ec2.amazonaws.com');

  outbox.grantRead(new Role(stack, 'Reader', { assumedBy }));
  outbox.grantOperate(new Role(stack, 'Operator', { assumedBy }));

  for (const role of ['Reader', 'Operator']) {
    expect(permissionsOf(stack, role).filter((one) => one.startsWith('s3:'))).toEqual([
      's3:GetObject on OutboxArchiveBucket.Arn/*',
      's3:ListBucket on OutboxArchiveBucket.Arn',
    ]);
  }
});

test('the key of the table encrypts the bucket; archiver and readers may use it', () => {
  const stack = testStack();
  const outbox = addOutbox(stack, { encryptionKey: new Key(stack, 'Key') });
  const assumedBy = new ServicePrincipal('ec2.amazonaws.com');

  outbox.grantRead(new Role(stack, 'Reader', { assumedBy }));

  Template.fromStack(stack).hasResourceProperties(bucketType, {
    BucketEncryption: {
      ServerSideEncryptionConfiguration: [
        {
          BucketKeyEnabled: true,
          ServerSideEncryptionByDefault: {
            SSEAlgorithm: 'aws:kms',
            KMSMasterKeyID: { 'Fn::GetAtt': [Match.stringLikeRegexp('^Key'), 'Arn'] },
          },
        },
      ],
    },
  });
  expect(permissionsOf(stack, 'OutboxArchive')).toEqual(
    expect.arrayContaining(['kms:Decrypt on Key.Arn', 'kms:GenerateDataKey on Key.Arn']),
  );
  expect(permissionsOf(stack, 'Reader')).toContain('kms:Decrypt on Key.Arn');
});

describe('defaults', () => {
  const stack = archivedStack({});

  function lifecycle(of: Stack): object[] {
    const { LifecycleConfiguration } = propertiesOf(of, bucketType, 'OutboxArchive');
    return (LifecycleConfiguration as { Rules: object[] }).Rules;
  }

  test('transitionAfter is 90 days, and nothing expires', () => {
    expect(lifecycle(stack)).toEqual([
      {
        Status: 'Enabled',
        NoncurrentVersionExpiration: { NoncurrentDays: 90 },
        Transitions: [{ StorageClass: 'GLACIER_IR', TransitionInDays: 90 }],
      },
    ]);
  });

  test('the bucket keeps versions of what somebody writes over', () => {
    expect(propertiesOf(stack, bucketType, 'OutboxArchive')['VersioningConfiguration']).toEqual({
      Status: 'Enabled',
    });
  });

  test('memorySize is 1024, for at most 15 minutes', () => {
    expect(propertiesOf(stack, functionType, 'OutboxArchive')).toMatchObject({
      MemorySize: 1024,
      Timeout: 900,
    });
  });

  test('logRetention is a month', () => {
    const logs = propertiesOf(stack, 'AWS::Logs::LogGroup', 'OutboxArchive');
    expect(logs['RetentionInDays']).toBe(30);
  });

  test('the prefix is nothing', () => {
    expect(text(environmentOf(stack, 'OutboxArchive')['OUTBOX_ARCHIVE'])).toBe(
      's3://OutboxArchiveBucket/',
    );
  });

  test('props take their place', () => {
    const changed = archivedStack({
      transitionAfter: Duration.days(30),
      expiration: Duration.days(365),
      memorySize: 2048,
      logRetention: RetentionDays.ONE_WEEK,
    });

    expect(lifecycle(changed)).toEqual([
      {
        Status: 'Enabled',
        NoncurrentVersionExpiration: { NoncurrentDays: 90 },
        ExpirationInDays: 365,
        Transitions: [{ StorageClass: 'GLACIER_IR', TransitionInDays: 30 }],
      },
    ]);
    expect(propertiesOf(changed, functionType, 'OutboxArchive')['MemorySize']).toBe(2048);
    const logs = propertiesOf(changed, 'AWS::Logs::LogGroup', 'OutboxArchive');
    expect(logs['RetentionInDays']).toBe(7);
  });
});

test.each<[what: string, archive: ArchiveProps, message: string]>([
  [
    'transitionAfter is less than a day',
    { transitionAfter: Duration.hours(1) },
    'transitionAfter of archive must be at least 1 day, got 1 hour (Orders/Outbox/Archive)',
  ],
  [
    'expiration is not later than transitionAfter',
    { expiration: Duration.days(90) },
    'expiration of archive must be at least 91 days, got 90 days (Orders/Outbox/Archive)',
  ],
  [
    'memorySize is too small',
    { memorySize: 128 },
    'memorySize of archive must be a whole number from 512 to 10240, got 128 (Orders/Outbox/Archive)',
  ],
  [
    'the prefix begins with a slash',
    { prefix: '/outbox' },
    'prefix of archive must be letters, digits and _ . = - / and not begin with /, got "/outbox" (Orders/Outbox/Archive)',
  ],
  [
    'the prefix means more to IAM than it says',
    { prefix: 'outbox*' },
    'prefix of archive must be letters, digits and _ . = - / and not begin with /, got "outbox*" (Orders/Outbox/Archive)',
  ],
])('fails when %s', (_, archive, message) => {
  expect(() => archivedStack(archive)).toThrow(message);
});

describe('alarms', () => {
  const stack = testStack();
  const topic = new Topic(stack, 'OnCall');
  addOutbox(stack, { alarmTopic: topic });

  test('ArchiverFailing rings when runs failed in three hours in a row', () => {
    expect(propertiesOf(stack, alarmType, 'OutboxArchiveAlarmsArchiverFailing')).toMatchObject({
      Namespace: 'AWS/Lambda',
      MetricName: 'Errors',
      Statistic: 'Sum',
      Period: 3600,
      Threshold: 1,
      EvaluationPeriods: 3,
      ComparisonOperator: 'GreaterThanOrEqualToThreshold',
      TreatMissingData: 'notBreaching',
    });
  });

  test('ArchiveBehind rings when half of the retention has passed, or nothing runs', () => {
    expect(propertiesOf(stack, alarmType, 'OutboxArchiveAlarmsArchiveBehind')).toMatchObject({
      Namespace: 'cdk-outbox',
      MetricName: 'UnarchivedAge',
      Dimensions: [
        { Name: 'outbox', Value: { Ref: expect.stringMatching(/^OutboxTable/) as unknown } },
        { Name: 'service', Value: 'orders' },
      ],
      Statistic: 'Maximum',
      Period: 3600,
      Threshold: 7 * 24 * 60 * 60 * 1000,
      EvaluationPeriods: 3,
      ComparisonOperator: 'GreaterThanOrEqualToThreshold',
      TreatMissingData: 'breaching',
    });
  });

  test('each says what it means and what to type first, and tells the topic', () => {
    for (const id of ['ArchiverFailing', 'ArchiveBehind']) {
      const alarm = propertiesOf(stack, alarmType, `OutboxArchiveAlarms${id}`);
      expect(alarm['AlarmDescription']).toMatch(
        /^The archiver of orders .* First: npx outbox doctor --outbox Orders\/Outbox$/,
      );
      expect(alarm['AlarmActions']).toEqual([{ Ref: expect.stringMatching(/^OnCall/) as unknown }]);
    }
  });

  test('are left out where none are wanted', () => {
    const quiet = testStack();
    addOutbox(quiet, { alarms: false });

    Template.fromStack(quiet).resourceCountIs(alarmType, 0);
  });
});
