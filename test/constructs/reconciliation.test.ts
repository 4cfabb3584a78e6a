import { Duration, type Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { EventBus } from 'aws-cdk-lib/aws-events';
import { Key } from 'aws-cdk-lib/aws-kms';
import { ScheduleExpression } from 'aws-cdk-lib/aws-scheduler';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { describe, expect, test } from 'vitest';

import { Destination } from '../../lib/constructs/destination.ts';
import { Inbox } from '../../lib/constructs/inbox.ts';
import { Outbox } from '../../lib/constructs/outbox.ts';
import type { ReconciliationProps } from '../../lib/constructs/reconciliation-props.ts';
import { Reconciliation } from '../../lib/constructs/reconciliation.ts';
import { reconciliationFromEnvironment } from '../../lib/contract/reconciliation.ts';
import {
  environmentOf,
  permissionsOf,
  propertiesOf,
  testStack,
  text,
  userFunction,
} from './support.ts';

const hourMs = 3_600_000;

function shop(
  over: (stack: Stack) => Partial<ReconciliationProps> = () => ({}),
  encryptionKey?: (stack: Stack) => Key,
): Stack {
  const stack = testStack();
  const bus = new EventBus(stack, 'Bus');
  const key = encryptionKey === undefined ? {} : { encryptionKey: encryptionKey(stack) };
  const destination = Destination.eventBus(bus);
  const outbox = new Outbox(stack, 'Outbox', { source: 'orders', destination, ...key });
  const billing = new Inbox(stack, 'Billing', {
    ...{ from: bus, events: ['order.placed'], handler: userFunction(stack, 'Bill'), ...key },
  });
  new Reconciliation(stack, 'Check', {
    ...{ outbox, handler: userFunction(stack, 'Reconcile'), inboxes: [billing], ...over(stack) },
  });
  return stack;
}

describe('a reconciliation', () => {
  test('runs once a day, reports, and looks 25 hours back', () => {
    const stack = shop();
    const texts = Object.entries(environmentOf(stack, 'Reconcile')).map(([name, value]) => [
      name,
      text(value),
    ]);

    expect(
      reconciliationFromEnvironment(Object.fromEntries(texts) as Record<string, string>),
    ).toEqual({
      ...{ name: 'Orders/Check', tableName: 'OutboxTable', shards: 16, source: 'orders' },
      ...{ windowMs: 25 * hourMs, mode: 'report' },
      consumers: [
        {
          ...{ inbox: 'Orders/Billing', tableName: 'BillingTable', queueUrl: 'BillingQueue' },
          types: ['order.placed'],
        },
      ],
    });
    expect(propertiesOf(stack, 'AWS::Scheduler::Schedule', 'CheckSchedule')).toMatchObject({
      ScheduleExpression: 'rate(1 day)',
      Target: { RetryPolicy: { MaximumRetryAttempts: 0 } },
    });
  });

  test('may read by key, and nothing else', () => {
    expect(permissionsOf(shop(), 'Reconcile')).toEqual([
      'dynamodb:BatchGetItem on BillingTable.Arn',
      'dynamodb:BatchGetItem on OutboxTable.Arn',
      'dynamodb:Query on OutboxTable.Arn',
    ]);
  });

  test('may write events and send to the inboxes where it is to mend', () => {
    const stack = shop(() => ({ mode: 'mend' }));

    expect(permissionsOf(stack, 'Reconcile')).toEqual(
      expect.arrayContaining([
        'dynamodb:PutItem on OutboxTable.Arn',
        'sqs:SendMessage on BillingQueue.Arn',
      ]),
    );
    expect(environmentOf(stack, 'Reconcile')).toMatchObject({
      RECONCILIATION_MODE: 'mend',
      OUTBOX_SHARDS: '16',
    });
  });

  test('may use the key of the tables to read', () => {
    const stack = shop(undefined, (scope) => new Key(scope, 'Key'));

    expect(permissionsOf(stack, 'Reconcile').filter((one) => one.startsWith('kms:'))).toEqual([
      'kms:Decrypt on Key.Arn',
      'kms:DescribeKey on Key.Arn',
    ]);
  });

  test('looks at no deliveries where no inbox is given', () => {
    const stack = shop(() => ({ inboxes: [] }));

    expect(environmentOf(stack, 'Reconcile')).not.toHaveProperty('RECONCILIATION_CONSUMERS');
  });

  test('takes a schedule and a window', () => {
    const stack = shop(() => ({
      schedule: ScheduleExpression.rate(Duration.hours(1)),
      window: Duration.hours(2),
    }));

    expect(propertiesOf(stack, 'AWS::Scheduler::Schedule', 'CheckSchedule')).toMatchObject({
      ScheduleExpression: 'rate(1 hour)',
    });
    expect(environmentOf(stack, 'Reconcile')['RECONCILIATION_WINDOW_MS']).toBe(String(2 * hourMs));
  });

  test.each([Duration.minutes(59), Duration.hours(49)])('fails for a window of %s', (window) => {
    expect(() => shop(() => ({ window }))).toThrow(
      /window must be 1 hour to 2 days, got .* \(Orders\/Check\)/,
    );
  });
});

describe('its alarms', () => {
  test.each([
    ['MissingEvents', 'cdk-outbox', 'ignore'],
    ['UnknownDeliveries', 'cdk-outbox', 'ignore'],
    ['Failing', 'AWS/Lambda', 'notBreaching'],
  ])('%s rings at the first finding', (id, Namespace, TreatMissingData) => {
    const stack = shop((scope) => ({ alarmTopic: new Topic(scope, 'Topic') }));

    expect(propertiesOf(stack, 'AWS::CloudWatch::Alarm', `CheckAlarms${id}`)).toMatchObject({
      ...{
        Namespace,
        TreatMissingData,
        Threshold: 1,
        EvaluationPeriods: 1,
        Statistic: expect.any(String) as unknown,
      },
      AlarmActions: [{ Ref: expect.stringMatching(/^Topic/) as unknown }],
      AlarmDescription: expect.stringMatching(
        /Reconciliation Orders\/Check .* First: npx outbox/,
      ) as unknown,
    });
  });

  test('watch the metrics under its own name', () => {
    const alarm = propertiesOf(shop(), 'AWS::CloudWatch::Alarm', 'CheckAlarmsMissingEvents');

    expect(alarm).toMatchObject({
      MetricName: 'MissingEvents',
      Dimensions: [{ Name: 'reconciliation', Value: 'Orders/Check' }],
      Statistic: 'Maximum',
    });
  });

  test('are left out where they are not wanted', () => {
    const template = Template.fromStack(shop(() => ({ alarms: false })));

    const alarms = Object.keys(template.findResources('AWS::CloudWatch::Alarm'));
    expect(alarms.filter((id) => id.startsWith('Check'))).toEqual([]);
  });
});
