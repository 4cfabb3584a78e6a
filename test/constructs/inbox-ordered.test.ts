import { Duration, type Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { EventBus } from 'aws-cdk-lib/aws-events';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { describe, expect, test } from 'vitest';

import type { InboxProps } from '../../lib/constructs/inbox/props.ts';
import { Inbox } from '../../lib/constructs/inbox/inbox.ts';
import { inboxFromEnvironment } from '../../lib/core/environment.ts';
import {
  environmentOf,
  flagSets,
  logicalIds,
  permissionsOf,
  propertiesOf,
  testStack,
  text,
  userFunction,
} from './support.ts';

function orderedInbox(props: Partial<InboxProps> = {}, stack = testStack()): Inbox {
  return new Inbox(stack, 'Billing', {
    from: new EventBus(stack, 'Bus'),
    events: ['order.*'],
    handler: userFunction(stack, 'Handler'),
    inboxName: 'billing',
    ordered: true,
    ...props,
  });
}

function orderedStack(props: Partial<InboxProps> = {}, flags: Record<string, unknown> = {}): Stack {
  const stack = testStack(flags);
  orderedInbox(props, stack);
  return stack;
}

function configOf(stack: Stack, functionId: string) {
  const texts = Object.entries(environmentOf(stack, functionId)).map(([name, value]) => [
    name,
    text(value),
  ]);
  return inboxFromEnvironment(Object.fromEntries(texts) as Record<string, string>);
}

describe.each(flagSets)('an ordered inbox with %s', (_, flags) => {
  const stack = orderedStack({}, flags);
  const template = Template.fromStack(stack);

  test('lets its handler remove waiting messages and send them back to the queue, and nothing else', () => {
    expect(permissionsOf(stack, 'Handler')).toEqual([
      'dynamodb:DeleteItem on BillingTable.Arn',
      'dynamodb:GetItem on BillingTable.Arn',
      'dynamodb:PutItem on BillingTable.Arn',
      'sqs:DeleteMessage on BillingQueue.Arn',
      'sqs:GetQueueAttributes on BillingQueue.Arn',
      'sqs:ReceiveMessage on BillingQueue.Arn',
      'sqs:SendMessage on BillingDeadLetterQueue.Arn',
      'sqs:SendMessage on BillingQueue.Arn',
    ]);
  });

  test('lets the check of gaps query, move cursors and put back, and nothing else', () => {
    expect(permissionsOf(stack, 'BillingGapsFunction')).toEqual([
      'dynamodb:DeleteItem on BillingTable.Arn',
      'dynamodb:GetItem on BillingTable.Arn',
      'dynamodb:PutItem on BillingTable.Arn',
      'dynamodb:Query on BillingTable.Arn',
      'sqs:SendMessage on BillingQueue.Arn',
    ]);
  });

  test('tells handler and check of its own queue', () => {
    // The handler's timeout is 3 seconds: its messages are hidden for 18, five times.
    const ordered = { queueUrl: 'BillingQueue', adoptWaitMs: 60_000, replayWaitMs: 90_000 };

    expect(configOf(stack, 'Handler').ordered).toEqual(ordered);
    expect(configOf(stack, 'BillingGapsFunction').ordered).toEqual(ordered);
  });

  test('has its gaps checked every minute, without repeating a run that failed', () => {
    template.hasResourceProperties('AWS::Scheduler::Schedule', {
      ScheduleExpression: 'rate(1 minute)',
      Target: { RetryPolicy: { MaximumRetryAttempts: 0, MaximumEventAgeInSeconds: 60 } },
    });
    template.hasResourceProperties('AWS::Lambda::EventInvokeConfig', { MaximumRetryAttempts: 0 });
  });
});

describe('defaults', () => {
  test('ordered is false: no check, no right to delete or to send to its own queue', () => {
    const stack = orderedStack({ ordered: false, events: ['order.placed'] });

    expect(logicalIds(stack, ['AWS::Scheduler::Schedule'])).toEqual([]);
    expect(configOf(stack, 'Handler').ordered).toBeUndefined();
    expect(permissionsOf(stack, 'Handler')).not.toContain(
      'dynamodb:DeleteItem on BillingTable.Arn',
    );
    expect(permissionsOf(stack, 'Handler')).not.toContain('sqs:SendMessage on BillingQueue.Arn');
  });

  test('adoptWait is a minute, and nothing is adopted', () => {
    expect(configOf(orderedStack({ ordered: {} }), 'Handler').ordered).toEqual({
      queueUrl: 'BillingQueue',
      adoptWaitMs: 60_000,
      replayWaitMs: 90_000,
    });
  });
});

test('adoptUntil and adoptWait reach the functions', () => {
  const adoptUntil = new Date('2026-12-01T00:00:00Z');
  const stack = orderedStack({ ordered: { adoptUntil, adoptWait: Duration.minutes(3) } });

  expect(configOf(stack, 'Handler').ordered).toMatchObject({
    adoptWaitMs: 180_000,
    adoptUntil: adoptUntil.getTime(),
  });
});

test('a replay is waited for as long as a message can be in the queue, also where that one is given', () => {
  const patienceMs = (props: Partial<InboxProps>, stack = testStack()): number | undefined => {
    orderedInbox(props, stack);
    return configOf(stack, 'Handler').ordered?.replayWaitMs;
  };
  const stack = testStack();
  const queue = new Queue(stack, 'Given', {
    visibilityTimeout: Duration.minutes(2),
    deadLetterQueue: { queue: new Queue(stack, 'Dead'), maxReceiveCount: 3 },
  });

  expect(patienceMs({ maxReceiveCount: 10 })).toBe(180_000);
  expect(patienceMs({ maxReceiveCount: 1_000, retentionPeriod: Duration.hours(1) })).toBe(
    3_600_000,
  );
  expect(patienceMs({ queue }, stack)).toBe(360_000);
});

test('the key of table and queue is granted to the check as well', () => {
  const stack = testStack();
  orderedInbox({ encryptionKey: new Key(stack, 'Key') }, stack);

  expect(permissionsOf(stack, 'BillingGapsFunction')).toEqual(
    expect.arrayContaining(['kms:Decrypt on Key.Arn', 'kms:GenerateDataKey on Key.Arn']),
  );
});

test.each<[problem: string, props: Partial<InboxProps>, message: string]>([
  [
    'events names exact types',
    { events: ['order.*', 'payment.taken'] },
    'an ordered inbox needs every event of its aggregates: events must be prefixes such as payment.*, got payment.taken (Orders/Billing)',
  ],
  [
    'adoptWait is shorter than a second',
    { ordered: { adoptWait: Duration.millis(1) } },
    'adoptWait must be at least 1 second, got 1 milli (Orders/Billing)',
  ],
  [
    'adoptUntil is no date',
    { ordered: { adoptUntil: new Date('soon') } },
    'adoptUntil must be a valid date (Orders/Billing)',
  ],
])('fails when %s', (_, props, message) => {
  expect(() => orderedStack(props)).toThrow(message);
});

describe('the alarm on gaps', () => {
  test('goes off when an aggregate is blocked for 15 minutes, and when the metric is missing', () => {
    const alarm = propertiesOf(orderedStack(), 'AWS::CloudWatch::Alarm', 'BillingAlarmsGap');

    expect(alarm).toMatchObject({
      Namespace: 'cdk-outbox',
      MetricName: 'OldestGapAge',
      Dimensions: [
        { Name: 'inbox', Value: 'billing' },
        { Name: 'table', Value: { Ref: expect.stringMatching(/^BillingTable/) as unknown } },
      ],
      Statistic: 'Maximum',
      Period: 300,
      EvaluationPeriods: 2,
      Threshold: 900_000,
      ComparisonOperator: 'GreaterThanOrEqualToThreshold',
      TreatMissingData: 'breaching',
      AlarmDescription:
        'Messages of inbox billing have waited for an earlier one of their aggregate for 15 minutes, or the check of its gaps does not run. First: npx outbox inbox ls billing',
    });
  });

  test('is there in an ordered inbox only, as are its metrics', () => {
    const stack = testStack();
    const inbox = orderedInbox({ ordered: false }, stack);

    expect(logicalIds(stack, ['AWS::CloudWatch::Alarm'])).toHaveLength(3);
    expect([inbox.metricOldestGapAge(), inbox.metricOpenGaps()]).toEqual([undefined, undefined]);
    expect(orderedInbox({}, testStack()).metricOpenGaps()).toMatchObject({
      metricName: 'OpenGaps',
      dimensions: { inbox: 'billing' },
    });
  });
});
