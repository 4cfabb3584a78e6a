import { Duration, RemovalPolicy, type Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { EventBus } from 'aws-cdk-lib/aws-events';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Code, Function, Runtime } from 'aws-cdk-lib/aws-lambda';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { describe, expect, test } from 'vitest';

import { Destination } from '../../../lib/constructs/outbox/destination.ts';
import type { InboxProps } from '../../../lib/constructs/inbox/props.ts';
import { Inbox } from '../../../lib/constructs/inbox/inbox.ts';
import { Outbox } from '../../../lib/constructs/outbox/outbox.ts';
import { inboxFromEnvironment } from '../../../lib/core/environment.ts';
import {
  environmentOf,
  flagSets,
  logicalIds,
  permissionsOf,
  testStack,
  text,
  userFunction,
} from '../support.ts';

const dayMs = Duration.days(1).toMilliseconds();

function billingStack(flags: Record<string, unknown> = {}): { stack: Stack; inbox: Inbox } {
  const stack = testStack(flags);
  const inbox = new Inbox(stack, 'Billing', {
    from: new EventBus(stack, 'Bus'),
    events: ['order.placed'],
    handler: userFunction(stack, 'Handler'),
  });
  return { stack, inbox };
}

/** An inbox that is delivered to directly. */
function queueInbox(props: Partial<InboxProps> = {}): Stack {
  const stack = testStack();
  new Inbox(stack, 'Billing', { handler: userFunction(stack, 'Handler'), ...props });
  return stack;
}

describe.each(flagSets)('with %s', (_, flags) => {
  const { stack } = billingStack(flags);
  const template = Template.fromStack(stack);

  test('the table is on demand, keyed by pk and sk, and expires items', () => {
    template.hasResourceProperties('AWS::DynamoDB::Table', {
      BillingMode: 'PAY_PER_REQUEST',
      KeySchema: [
        { AttributeName: 'pk', KeyType: 'HASH' },
        { AttributeName: 'sk', KeyType: 'RANGE' },
      ],
      TimeToLiveSpecification: { AttributeName: 'expiresAt', Enabled: true },
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
      StreamSpecification: Match.absent(),
      GlobalSecondaryIndexes: Match.absent(),
    });
  });

  test('the queue hides a message six times as long as its handler may run', () => {
    template.hasResourceProperties('AWS::SQS::Queue', {
      VisibilityTimeout: 6 * 3,
      RedrivePolicy: {
        deadLetterTargetArn: {
          'Fn::GetAtt': [Match.stringLikeRegexp('^BillingDeadLetterQueue'), 'Arn'],
        },
      },
    });
  });

  test('each queue is encrypted and refuses plain HTTP', () => {
    template.resourceCountIs('AWS::SQS::Queue', 3);
    template.allResourcesProperties('AWS::SQS::Queue', { SqsManagedSseEnabled: true });
    template.resourceCountIs('AWS::SQS::QueuePolicy', 3);
    template.allResourcesProperties('AWS::SQS::QueuePolicy', {
      PolicyDocument: {
        Statement: Match.arrayWith([
          Match.objectLike({
            Effect: 'Deny',
            Condition: { Bool: { 'aws:SecureTransport': 'false' } },
          }),
        ]),
      },
    });
  });

  test('dead letters and undelivered messages are kept for 14 days', () => {
    const kept = template.findResources('AWS::SQS::Queue', {
      Properties: { MessageRetentionPeriod: Duration.days(14).toSeconds() },
    });

    expect(Object.keys(kept).map((id) => id.replace(/\w{8}$/, ''))).toEqual([
      'BillingDeadLetterQueue',
      'BillingUndeliveredQueue',
    ]);
  });

  test('the trigger takes reports of single messages', () => {
    template.hasResourceProperties('AWS::Lambda::EventSourceMapping', {
      EventSourceArn: { 'Fn::GetAtt': ['BillingQueue8B703BAB', 'Arn'] },
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      FilterCriteria: Match.absent(),
    });
  });

  test('the handler may do what the inbox does, and nothing else', () => {
    expect(permissionsOf(stack, 'Handler')).toEqual([
      'dynamodb:GetItem on BillingTable.Arn',
      'dynamodb:PutItem on BillingTable.Arn',
      'sqs:DeleteMessage on BillingQueue.Arn',
      'sqs:GetQueueAttributes on BillingQueue.Arn',
      'sqs:ReceiveMessage on BillingQueue.Arn',
      'sqs:SendMessage on BillingDeadLetterQueue.Arn',
    ]);
  });

  test('the handler is told of its inbox by its environment', () => {
    const environment = environmentOf(stack, 'Handler');
    const texts = Object.entries(environment).map(([name, value]) => [name, text(value)]);

    expect(inboxFromEnvironment(Object.fromEntries(texts) as Record<string, string>)).toEqual({
      name: 'Orders/Billing',
      tableName: 'BillingTable',
      dedupeWindowMs: 52 * dayMs,
      deadLetterQueueUrl: 'BillingDeadLetterQueue',
      maxReceiveCount: 5,
    });
  });

  // Another id is another resource: it would leave messages behind, or forget what was handled.
  test('the ids of the table, the queues, the rule and the trigger never change', () => {
    const types = [
      'AWS::DynamoDB::Table',
      'AWS::SQS::Queue',
      'AWS::Events::Rule',
      'AWS::Lambda::EventSourceMapping',
    ];
    expect(logicalIds(stack, types)).toEqual([
      'BillingDeadLetterQueue44936FE8',
      'BillingQueue8B703BAB',
      'BillingRule5356592F',
      'BillingTableA07FAB52',
      'BillingUndeliveredQueue3EA76734',
      'HandlerInboxTrigger1A14CDE0',
    ]);
  });
});

describe('defaults', () => {
  const stack = queueInbox();
  const template = Template.fromStack(stack);

  test('nothing is subscribed to', () => {
    template.resourceCountIs('AWS::Events::Rule', 0);
    template.resourceCountIs('AWS::SNS::Subscription', 0);
    template.resourceCountIs('AWS::SQS::Queue', 2);
  });

  test('maxReceiveCount is 5', () => {
    template.hasResourceProperties('AWS::SQS::Queue', { RedrivePolicy: { maxReceiveCount: 5 } });
  });

  test('retentionPeriod is 4 days', () => {
    template.hasResourceProperties('AWS::SQS::Queue', {
      MessageRetentionPeriod: Duration.days(4).toSeconds(),
      RedrivePolicy: Match.anyValue(),
    });
  });

  test('batchSize is 10', () => {
    template.hasResourceProperties('AWS::Lambda::EventSourceMapping', { BatchSize: 10 });
  });

  test('maxBatchingWindow and maxConcurrency are left to Lambda', () => {
    template.hasResourceProperties('AWS::Lambda::EventSourceMapping', {
      MaximumBatchingWindowInSeconds: Match.absent(),
      ScalingConfig: Match.absent(),
    });
  });

  test('removalPolicy retains the table', () => {
    template.hasResource('AWS::DynamoDB::Table', { DeletionPolicy: 'Retain' });
  });

  test('inboxName is the path of the construct', () => {
    expect(environmentOf(stack, 'Handler')['INBOX_NAME']).toBe('Orders/Billing');
  });

  test('fifo is false', () => {
    template.allResourcesProperties('AWS::SQS::Queue', { FifoQueue: Match.absent() });
  });
});

describe('props', () => {
  test('retentionPeriod and maxReceiveCount reach the queue', () => {
    const stack = queueInbox({ retentionPeriod: Duration.days(1), maxReceiveCount: 3 });

    Template.fromStack(stack).hasResourceProperties('AWS::SQS::Queue', {
      MessageRetentionPeriod: 86_400,
      RedrivePolicy: { maxReceiveCount: 3 },
    });
    expect(environmentOf(stack, 'Handler')['INBOX_MAX_RECEIVE_COUNT']).toBe('3');
  });

  test('batchSize, maxBatchingWindow and maxConcurrency reach the trigger', () => {
    const maxBatchingWindow = Duration.seconds(5);
    const stack = queueInbox({ batchSize: 100, maxBatchingWindow, maxConcurrency: 4 });

    Template.fromStack(stack).hasResourceProperties('AWS::Lambda::EventSourceMapping', {
      BatchSize: 100,
      MaximumBatchingWindowInSeconds: 5,
      ScalingConfig: { MaximumConcurrency: 4 },
    });
  });

  test('the visibility timeout grows with the handler and the batching window', () => {
    const stack = testStack();
    const handler = new Function(stack, 'Handler', {
      runtime: Runtime.NODEJS_24_X,
      handler: 'index.handler',
      code: Code.fromInline('exports.handler = async () => {}'),
      timeout: Duration.seconds(30),
    });
    new Inbox(stack, 'Billing', { handler, maxBatchingWindow: Duration.seconds(20) });

    Template.fromStack(stack).hasResourceProperties('AWS::SQS::Queue', {
      VisibilityTimeout: 6 * 30 + 20,
    });
  });

  test('fifo makes queue and dead-letter queue FIFO queues', () => {
    const template = Template.fromStack(queueInbox({ fifo: true }));

    template.resourceCountIs('AWS::SQS::Queue', 2);
    template.allResourcesProperties('AWS::SQS::Queue', { FifoQueue: true });
  });

  test('removalPolicy reaches the table', () => {
    const stack = queueInbox({ removalPolicy: RemovalPolicy.DESTROY });

    Template.fromStack(stack).hasResource('AWS::DynamoDB::Table', { DeletionPolicy: 'Delete' });
  });

  test('encryptionKey encrypts queues and table, and the handler may use it', () => {
    const stack = testStack();
    const encryptionKey = new Key(stack, 'Key');
    new Inbox(stack, 'Billing', { handler: userFunction(stack, 'Handler'), encryptionKey });

    const keyArn = { 'Fn::GetAtt': ['Key961B73FD', 'Arn'] };
    const template = Template.fromStack(stack);
    template.allResourcesProperties('AWS::SQS::Queue', { KmsMasterKeyId: keyArn });
    template.hasResourceProperties('AWS::DynamoDB::Table', {
      SSESpecification: { KMSMasterKeyId: keyArn },
    });
    expect(permissionsOf(stack, 'Handler')).toEqual(
      expect.arrayContaining(['kms:Decrypt on Key.Arn', 'kms:GenerateDataKey on Key.Arn']),
    );
  });

  test('inboxes can share a table', () => {
    const stack = testStack();
    const { table } = new Inbox(stack, 'Billing', { handler: userFunction(stack, 'Handler') });

    new Inbox(stack, 'Stock', { handler: userFunction(stack, 'Other'), table });

    Template.fromStack(stack).resourceCountIs('AWS::DynamoDB::Table', 1);
  });

  test('an inbox can live in the table of the outbox', () => {
    const stack = testStack();
    const destination = Destination.queue(new Queue(stack, 'Queue'));
    const { table } = new Outbox(stack, 'Outbox', { source: 'orders', destination });

    new Inbox(stack, 'Billing', { handler: userFunction(stack, 'Handler'), table });

    Template.fromStack(stack).resourceCountIs('AWS::DynamoDB::Table', 1);
  });

  test('outbox lets the handler emit', () => {
    const stack = testStack();
    const destination = Destination.queue(new Queue(stack, 'Queue'));
    const outbox = new Outbox(stack, 'Outbox', { source: 'orders', destination });

    new Inbox(stack, 'Billing', { handler: userFunction(stack, 'Handler'), outbox });

    expect(permissionsOf(stack, 'Handler')).toContain('dynamodb:UpdateItem on OutboxTable.Arn');
    expect(environmentOf(stack, 'Handler')).toHaveProperty('OUTBOX_TABLE');
  });
});

test('dead letters are counted in the dead-letter queue', () => {
  const { stack, inbox } = billingStack();
  const metric = inbox.metricDeadLetters();

  expect(metric).toMatchObject({
    metricName: 'ApproximateNumberOfMessagesVisible',
    statistic: 'Maximum',
  });
  expect(text((stack.resolve(metric.dimensions) as Record<string, unknown>)['QueueName'])).toBe(
    'BillingDeadLetterQueue.QueueName',
  );
});

test('the age of the oldest message is that of the queue', () => {
  const { stack, inbox } = billingStack();
  const metric = inbox.metricOldestMessageAge();

  expect(metric).toMatchObject({
    metricName: 'ApproximateAgeOfOldestMessage',
    statistic: 'Maximum',
  });
  expect(text((stack.resolve(metric.dimensions) as Record<string, unknown>)['QueueName'])).toBe(
    'BillingQueue.QueueName',
  );
});
