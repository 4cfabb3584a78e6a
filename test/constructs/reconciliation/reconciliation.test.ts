import { Duration, type Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { EventBus } from 'aws-cdk-lib/aws-events';
import { Key } from 'aws-cdk-lib/aws-kms';
import { ScheduleExpression } from 'aws-cdk-lib/aws-scheduler';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { describe, expect, test } from 'vitest';

import { Destination } from '../../../lib/constructs/outbox/destination.ts';
import type { InboxProps } from '../../../lib/constructs/inbox/props.ts';
import { Inbox } from '../../../lib/constructs/inbox/inbox.ts';
import { Outbox } from '../../../lib/constructs/outbox/outbox.ts';
import {
  consumerOf,
  Reconciliation,
  type ReconciliationProps,
} from '../../../lib/constructs/reconciliation/reconciliation.ts';
import {
  reconciliationFromEnvironment,
  type ConsumerConfig,
} from '../../../lib/table/reconciliation.ts';
import {
  environmentOf,
  logicalIds,
  permissionsOf,
  propertiesOf,
  testStack,
  text,
  userFunction,
} from '../support.ts';

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

/** How an inbox comes by the events of an outbox. */
type Fed = (stands: {
  readonly bus: EventBus;
  readonly topic: Topic;
  readonly queue: Queue;
}) => { readonly destinations: Destination[] } & Pick<
  InboxProps,
  'from' | 'events' | 'queue' | 'source' | 'ordered'
>;

/** What a reconciliation knows of such an inbox. */
function consumerIn(fed: Fed): Partial<ConsumerConfig> {
  const stack = testStack();
  const queue = new Queue(stack, 'Own', {
    visibilityTimeout: Duration.minutes(30),
    deadLetterQueue: { queue: new Queue(stack, 'Dead'), maxReceiveCount: 5 },
  });
  const stands = { bus: new EventBus(stack, 'Bus'), topic: new Topic(stack, 'Topic'), queue };
  const { destinations, ...origin } = fed(stands);
  const outbox = new Outbox(stack, 'Outbox', { source: 'orders', destinations });
  const inbox = new Inbox(stack, 'Fed', { ...origin, handler: userFunction(stack, 'Handle') });
  return consumerOf(stack, outbox, inbox);
}

describe('a reconciliation', () => {
  test('runs once a day, reports, and looks back as far as two runs', () => {
    const stack = shop();
    const texts = Object.entries(environmentOf(stack, 'Reconcile')).map(([name, value]) => [
      name,
      text(value),
    ]);

    expect(
      reconciliationFromEnvironment(Object.fromEntries(texts) as Record<string, string>),
    ).toEqual({
      ...{ name: 'Orders/Check', tableName: 'OutboxTable', shards: 16, source: 'orders' },
      ...{ windowMs: 48 * hourMs, mode: 'report' },
      consumers: [
        {
          ...{ inbox: 'Orders/Billing', tableName: 'BillingTable', queueUrl: 'BillingQueue' },
          ...{ sent: ['*'], types: ['order.placed'] },
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
      'dynamodb:Query on BillingTable.Arn',
      'dynamodb:Query on OutboxTable.Arn',
    ]);
  });

  test('may write events and send to the inboxes in the mode repair', () => {
    const stack = shop(() => ({ mode: 'repair' }));

    expect(permissionsOf(stack, 'Reconcile')).toEqual(
      expect.arrayContaining([
        'dynamodb:PutItem on OutboxTable.Arn',
        'sqs:SendMessage on BillingQueue.Arn',
      ]),
    );
    expect(environmentOf(stack, 'Reconcile')).toMatchObject({
      RECONCILIATION_MODE: 'repair',
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

  test.each<[string, Fed, object]>([
    [
      'a bus of which it takes some types',
      ({ bus }) => ({
        destinations: [Destination.eventBus(bus, { events: ['order.*'] })],
        ...{ from: bus, events: ['order.placed', 'payment.taken'] },
      }),
      { sent: ['order.*'], types: ['order.placed', 'payment.taken'] },
    ],
    [
      'a topic',
      ({ topic }) => ({
        destinations: [Destination.topic(topic, { events: ['order.placed'] })],
        from: topic,
      }),
      { sent: ['order.placed'] },
    ],
    [
      'the outbox itself',
      ({ queue }) => ({
        destinations: [Destination.queue(queue, { events: ['order.placed'] })],
        queue,
      }),
      { sent: ['order.placed'] },
    ],
    [
      'the outbox itself and a topic',
      ({ queue, topic }) => ({
        destinations: [
          Destination.queue(queue, { events: ['order.placed'] }),
          Destination.topic(topic, { events: ['order.shipped'] }),
        ],
        ...{ queue, from: topic },
      }),
      { sent: ['order.placed', 'order.shipped'] },
    ],
    [
      'a bus that another one feeds',
      ({ bus, topic }) => ({
        destinations: [Destination.topic(topic, { events: ['order.placed'] })],
        ...{ from: bus, events: ['order.*'] },
      }),
      { types: ['order.*'] },
    ],
  ])('expects of an inbox what reaches it from %s', (_, fed, expected) => {
    const { tableName, queueUrl, inbox, ...types } = consumerIn(fed);

    expect([tableName, queueUrl, inbox].every((one) => typeof one === 'string')).toBe(true);
    expect(types).toEqual(expected);
  });

  test('tells that an inbox is ordered', () => {
    const ordered: Fed = ({ bus }) => ({
      destinations: [Destination.eventBus(bus)],
      ...{ from: bus, events: ['order.*'], ordered: true },
    });

    expect(consumerIn(ordered)).toMatchObject({ types: ['order.*'], isOrdered: true });
  });

  test('fails for an inbox that takes the events of another source', () => {
    const foreign: Fed = ({ bus }) => ({
      destinations: [Destination.eventBus(bus)],
      ...{ from: bus, events: ['*'], source: 'payment' },
    });

    expect(() => consumerIn(foreign)).toThrow(
      /inbox Orders\/Fed takes events of the source payment only, and the outbox's is orders/,
    );
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
      Dimensions: [
        { Name: 'outbox', Value: { Ref: expect.stringMatching(/^OutboxTable/) as unknown } },
        { Name: 'reconciliation', Value: 'Orders/Check' },
      ],
      Statistic: 'Maximum',
    });
  });

  test('are left out where they are not wanted', () => {
    const template = Template.fromStack(shop(() => ({ alarms: false })));

    const alarms = Object.keys(template.findResources('AWS::CloudWatch::Alarm'));
    expect(alarms.filter((id) => id.startsWith('Check'))).toEqual([]);
  });
});

test('the ids of a reconciliation never change', () => {
  const types = ['AWS::CloudWatch::Alarm', 'AWS::Scheduler::Schedule'];

  expect(logicalIds(shop(), types).filter((id) => id.startsWith('Check'))).toEqual([
    'CheckAlarmsFailingA1B0BD77',
    'CheckAlarmsMissingEvents9FF92E3C',
    'CheckAlarmsUnknownDeliveries25E34F1A',
    'CheckSchedule57CD30FE',
  ]);
});
