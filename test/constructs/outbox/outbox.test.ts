import { Duration, RemovalPolicy, type Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { EventBus } from 'aws-cdk-lib/aws-events';
import { Key } from 'aws-cdk-lib/aws-kms';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { describe, expect, test } from 'vitest';

import { Destination } from '../../../lib/constructs/outbox/destination.ts';
import type { OutboxProps } from '../../../lib/constructs/outbox/props.ts';
import { Outbox } from '../../../lib/constructs/outbox/outbox.ts';
import { relayFromEnvironment } from '../../../lib/core/environment.ts';
import { waitingIndexAttributes } from '../../../lib/table/waiting.ts';
import { environmentOf, flagSets, logicalIds, permissionsOf, testStack, text } from '../support.ts';

function ordersStack(
  flags: Record<string, unknown> = {},
  props: Partial<OutboxProps> = {},
): { stack: Stack; outbox: Outbox } {
  const stack = testStack(flags);
  const outbox = new Outbox(stack, 'Outbox', {
    source: 'orders',
    destination: Destination.eventBus(new EventBus(stack, 'Bus')),
    ...props,
  });
  return { stack, outbox };
}

function templateWith(props: Partial<OutboxProps> = {}): Template {
  return Template.fromStack(ordersStack({}, props).stack);
}

describe.each(flagSets)('with %s', (_, flags) => {
  const { stack } = ordersStack(flags);
  const template = Template.fromStack(stack);

  test('the table is on demand, keyed by pk and sk, expires items, and streams new images', () => {
    template.hasResource('AWS::DynamoDB::Table', {
      Properties: {
        BillingMode: 'PAY_PER_REQUEST',
        KeySchema: [
          { AttributeName: 'pk', KeyType: 'HASH' },
          { AttributeName: 'sk', KeyType: 'RANGE' },
        ],
        StreamSpecification: { StreamViewType: 'NEW_IMAGE' },
        TimeToLiveSpecification: { AttributeName: 'expiresAt', Enabled: true },
        PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
      },
    });
  });

  test('the table has one index: over the waiting room, without payloads', () => {
    template.hasResourceProperties('AWS::DynamoDB::Table', {
      GlobalSecondaryIndexes: [
        {
          IndexName: 'waiting',
          KeySchema: [
            { AttributeName: 'waitingKey', KeyType: 'HASH' },
            { AttributeName: 'dueAt', KeyType: 'RANGE' },
          ],
          Projection: {
            ProjectionType: 'INCLUDE',
            NonKeyAttributes: waitingIndexAttributes,
          },
        },
      ],
    });
  });

  test('the relay runs on Node.js 24 and arm64, with a log group of its own', () => {
    template.hasResourceProperties('AWS::Lambda::Function', {
      Runtime: 'nodejs24.x',
      Architectures: ['arm64'],
      Handler: 'index.handler',
      LoggingConfig: { LogGroup: { Ref: Match.stringLikeRegexp('^OutboxRelayLogs') } },
    });
    template.resourceCountIs('AWS::Logs::LogGroup', 2);
    template.resourceCountIs('Custom::LogRetention', 0);
  });

  test('the trigger starts with the oldest record', () => {
    template.hasResourceProperties('AWS::Lambda::EventSourceMapping', {
      StartingPosition: 'TRIM_HORIZON',
    });
  });

  test('the trigger selects new entries by their key, and nothing else', () => {
    template.hasResourceProperties('AWS::Lambda::EventSourceMapping', {
      FilterCriteria: {
        Filters: [
          {
            Pattern: JSON.stringify({
              eventName: ['INSERT'],
              dynamodb: { Keys: { sk: { S: [{ prefix: 'e#' }] } } },
            }),
          },
        ],
      },
    });
  });

  test('the trigger takes reports of single records, splits failed batches, and counts events', () => {
    template.hasResourceProperties('AWS::Lambda::EventSourceMapping', {
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      BisectBatchOnFunctionError: true,
      MetricsConfig: { Metrics: ['EventCount'] },
    });
  });

  test('the on-failure queue keeps discarded batches for 14 days, encrypted, over TLS only', () => {
    template.hasResourceProperties('AWS::Lambda::EventSourceMapping', {
      DestinationConfig: {
        OnFailure: {
          Destination: {
            'Fn::GetAtt': [Match.stringLikeRegexp('^OutboxRelayOnFailureQueue'), 'Arn'],
          },
        },
      },
    });
    template.hasResourceProperties('AWS::SQS::Queue', {
      MessageRetentionPeriod: Duration.days(14).toSeconds(),
      SqsManagedSseEnabled: true,
    });
    template.hasResourceProperties('AWS::SQS::QueuePolicy', {
      PolicyDocument: {
        Statement: [
          {
            Effect: 'Deny',
            Action: 'sqs:*',
            Condition: { Bool: { 'aws:SecureTransport': 'false' } },
          },
        ],
      },
    });
  });

  test('the relay may do what it does, and nothing else', () => {
    expect(permissionsOf(stack, 'OutboxRelay')).toEqual([
      'dynamodb:BatchGetItem on OutboxTable.Arn',
      'dynamodb:BatchWriteItem on OutboxTable.Arn',
      'dynamodb:DescribeStream on OutboxTable.StreamArn',
      'dynamodb:GetRecords on OutboxTable.StreamArn',
      'dynamodb:GetShardIterator on OutboxTable.StreamArn',
      'dynamodb:ListStreams on OutboxTable.Arn/stream/*',
      'dynamodb:PutItem on OutboxTable.Arn',
      'dynamodb:UpdateItem on OutboxTable.Arn',
      'events:PutEvents on Bus.Arn',
      'sqs:SendMessage on OutboxRelayOnFailureQueue.Arn',
    ]);
  });

  test('the relay is told of its outbox by its environment', () => {
    const environment = environmentOf(stack, 'OutboxRelay');

    expect(
      relayFromEnvironment({
        ...(environment as Record<string, string>),
        OUTBOX_TABLE: text(environment['OUTBOX_TABLE']),
        OUTBOX_DESTINATIONS: text(environment['OUTBOX_DESTINATIONS']),
      }),
    ).toEqual({
      tableName: 'OutboxTable',
      shards: 16,
      retentionMs: Duration.days(14).toMilliseconds(),
      source: 'orders',
      destinations: [{ name: 'bus/Bus', kind: 'bus', target: 'Bus.Arn', ordered: false }],
      maxAttempts: 5,
      path: 'Orders/Outbox',
    });
  });

  // Another id is another resource: it would leave undelivered entries behind, or read the stream anew.
  test('the ids of the table, the queue and the trigger never change', () => {
    const types = [
      'AWS::DynamoDB::Table',
      'AWS::SQS::Queue',
      'AWS::Lambda::EventSourceMapping',
      'AWS::Lambda::Function',
    ];
    expect(logicalIds(stack, types)).toEqual([
      'OutboxRelayFunctionC944674B',
      'OutboxRelayOnFailureQueue7DBDF9E4',
      'OutboxRelayTrigger9735DF1E',
      'OutboxSweeperFunction16A67C20',
      'OutboxTableF17138FA',
    ]);
  });
});

describe('defaults', () => {
  const { stack } = ordersStack();
  const template = Template.fromStack(stack);
  const environment = environmentOf(stack, 'OutboxRelay');

  test('shards is 16', () => {
    expect(environment['OUTBOX_SHARDS']).toBe('16');
  });

  test('retention is 14 days', () => {
    expect(environment['OUTBOX_RETENTION_MS']).toBe(String(14 * 24 * 60 * 60 * 1000));
  });

  test('maxAttempts is 5', () => {
    expect(environment['OUTBOX_MAX_ATTEMPTS']).toBe('5');
  });

  test('removalPolicy retains the table', () => {
    template.hasResource('AWS::DynamoDB::Table', {
      DeletionPolicy: 'Retain',
      UpdateReplacePolicy: 'Retain',
    });
  });

  test('encryptionKey is left to DynamoDB', () => {
    template.hasResourceProperties('AWS::DynamoDB::Table', { SSESpecification: Match.absent() });
  });

  test.each<[prop: string, type: string, properties: object]>([
    ['relayMemorySize', 'AWS::Lambda::Function', { MemorySize: 512 }],
    ['relayTimeout', 'AWS::Lambda::Function', { Timeout: 60 }],
    ['relayLogRetention', 'AWS::Logs::LogGroup', { RetentionInDays: 30 }],
    ['relayBatchSize', 'AWS::Lambda::EventSourceMapping', { BatchSize: 100 }],
    [
      'relayMaxBatchingWindow',
      'AWS::Lambda::EventSourceMapping',
      { MaximumBatchingWindowInSeconds: Match.absent() },
    ],
    ['relayParallelizationFactor', 'AWS::Lambda::EventSourceMapping', { ParallelizationFactor: 1 }],
    ['relayRetryAttempts', 'AWS::Lambda::EventSourceMapping', { MaximumRetryAttempts: 100 }],
    ['relayMaxRecordAge', 'AWS::Lambda::EventSourceMapping', { MaximumRecordAgeInSeconds: 82_800 }],
  ])('%s has its default', (_, type, properties) => {
    template.hasResourceProperties(type, properties);
  });

  test('a prop that is given as undefined says nothing', () => {
    const { stack } = ordersStack({}, { shards: undefined } as unknown as Partial<OutboxProps>);

    expect(environmentOf(stack, 'OutboxRelay')['OUTBOX_SHARDS']).toBe('16');
  });
});

describe('props', () => {
  test.each<
    [prop: keyof OutboxProps, value: unknown, resource: [type: string, properties: object]]
  >([
    ['relayMemorySize', 1024, ['AWS::Lambda::Function', { MemorySize: 1024 }]],
    ['relayTimeout', Duration.minutes(5), ['AWS::Lambda::Function', { Timeout: 300 }]],
    ['relayLogRetention', RetentionDays.ONE_WEEK, ['AWS::Logs::LogGroup', { RetentionInDays: 7 }]],
    ['relayBatchSize', 10, ['AWS::Lambda::EventSourceMapping', { BatchSize: 10 }]],
    [
      'relayMaxBatchingWindow',
      Duration.seconds(2),
      ['AWS::Lambda::EventSourceMapping', { MaximumBatchingWindowInSeconds: 2 }],
    ],
    [
      'relayParallelizationFactor',
      4,
      ['AWS::Lambda::EventSourceMapping', { ParallelizationFactor: 4 }],
    ],
    ['relayRetryAttempts', 3, ['AWS::Lambda::EventSourceMapping', { MaximumRetryAttempts: 3 }]],
    [
      'relayMaxRecordAge',
      Duration.hours(1),
      ['AWS::Lambda::EventSourceMapping', { MaximumRecordAgeInSeconds: 3600 }],
    ],
  ])('%s reaches its resource', (prop, value, resource) => {
    templateWith({ [prop]: value }).hasResourceProperties(...resource);
  });

  test('removalPolicy reaches the table', () => {
    templateWith({ removalPolicy: RemovalPolicy.DESTROY }).hasResource('AWS::DynamoDB::Table', {
      DeletionPolicy: 'Delete',
    });
  });

  test('shardCount, retention and maxDeliveryAttempts reach the relay', () => {
    const props = { shardCount: 64, retention: Duration.days(30), maxDeliveryAttempts: 9 };
    const { stack } = ordersStack({}, props);

    expect(environmentOf(stack, 'OutboxRelay')).toMatchObject({
      OUTBOX_SHARDS: '64',
      OUTBOX_RETENTION_MS: String(Duration.days(30).toMilliseconds()),
      OUTBOX_MAX_ATTEMPTS: '9',
    });
  });

  test('encryptionKey encrypts the table, and the relay may use it', () => {
    const stack = testStack();
    new Outbox(stack, 'Outbox', {
      source: 'orders',
      destination: Destination.eventBus(new EventBus(stack, 'Bus')),
      encryptionKey: new Key(stack, 'Key'),
    });

    Template.fromStack(stack).hasResourceProperties('AWS::DynamoDB::Table', {
      SSESpecification: {
        SSEEnabled: true,
        SSEType: 'KMS',
        KMSMasterKeyId: { 'Fn::GetAtt': ['Key961B73FD', 'Arn'] },
      },
    });
    const onKey = permissionsOf(stack, 'OutboxRelay').filter((one) => one.startsWith('kms:'));
    expect(onKey).toEqual([
      'kms:Decrypt on Key.Arn',
      'kms:DescribeKey on Key.Arn',
      'kms:Encrypt on Key.Arn',
      'kms:GenerateDataKey* on Key.Arn',
      'kms:ReEncrypt* on Key.Arn',
    ]);
  });
});
