import { Duration, type Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { EventBus } from 'aws-cdk-lib/aws-events';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { expect, test } from 'vitest';

import type { InboxProps } from '../../../lib/constructs/inbox/props.ts';
import { Destination, Inbox, Outbox, Saga } from '../../../lib/index.ts';
import { logicalIds, propertiesOf, testStack, text, userFunction } from '../support.ts';

const alarmType = 'AWS::CloudWatch::Alarm';

function billingStack(props: Partial<InboxProps> = {}, stack = testStack()): Stack {
  new Inbox(stack, 'Billing', {
    from: new EventBus(stack, 'Bus'),
    events: ['order.placed'],
    handler: userFunction(stack, 'Handler'),
    inboxName: 'billing',
    ...props,
  });
  return stack;
}

test.each<[alarm: string, queue: string]>([
  ['DeadLetters', 'BillingDeadLetterQueue.QueueName'],
  ['Undelivered', 'BillingUndeliveredQueue.QueueName'],
])(
  '%s rings at the first message in five minutes, and ends when the queue is empty',
  (id, queue) => {
    const alarm = propertiesOf(billingStack(), alarmType, `BillingAlarms${id}`);

    expect(alarm).toMatchObject({
      Namespace: 'AWS/SQS',
      MetricName: 'ApproximateNumberOfMessagesVisible',
      Dimensions: [{ Name: 'QueueName', Value: expect.anything() as unknown }],
      Statistic: 'Maximum',
      Period: 300,
      EvaluationPeriods: 1,
      Threshold: 1,
      ComparisonOperator: 'GreaterThanOrEqualToThreshold',
      TreatMissingData: 'notBreaching',
    });
    const [{ Value }] = alarm['Dimensions'] as [{ Value: unknown }];
    expect(text(Value)).toBe(queue);
  },
);

test.each<[what: string, choose: (stack: Stack) => Partial<InboxProps>, threshold: number]>([
  ['a day of the usual four', () => ({}), 86_400],
  ['a quarter of a short retention', () => ({ retentionPeriod: Duration.hours(2) }), 1_800],
  ['a day of a long retention', () => ({ retentionPeriod: Duration.days(14) }), 86_400],
  [
    'a quarter of the retention of a given queue',
    (stack) => ({ queue: givenQueue(stack, Duration.hours(8)) }),
    7_200,
  ],
  ['a day of a queue whose retention is not known', (stack) => importedQueue(stack), 86_400],
])('OldestMessage rings when a message has waited for %s', (_, choose, threshold) => {
  const stack = testStack();
  billingStack({ from: undefined, events: undefined, ...choose(stack) } as object, stack);

  const alarm = propertiesOf(stack, alarmType, 'BillingAlarmsOldestMessage');

  expect(alarm).toMatchObject({
    Namespace: 'AWS/SQS',
    MetricName: 'ApproximateAgeOfOldestMessage',
    Statistic: 'Maximum',
    Period: 300,
    EvaluationPeriods: 1,
    Threshold: threshold,
    ComparisonOperator: 'GreaterThanOrEqualToThreshold',
    TreatMissingData: 'notBreaching',
  });
  const [{ Value }] = alarm['Dimensions'] as [{ Value: unknown }];
  expect(text(Value)).toMatch(/^BillingQueue|^Given|^imported$/);
});

function givenQueue(stack: Stack, retentionPeriod: Duration): Queue {
  const deadLetterQueue = { queue: new Queue(stack, 'Dead'), maxReceiveCount: 5 };
  return new Queue(stack, 'Given', { retentionPeriod, deadLetterQueue });
}

function importedQueue(stack: Stack): Partial<InboxProps> {
  const arn = 'arn:aws:sqs:eu-west-1:111122223333:imported';
  const queue = Queue.fromQueueArn(stack, 'Imported', arn);
  return { queue, deadLetterQueue: new Queue(stack, 'Dead') };
}

test('the inbox of a saga has the alarm on its oldest message as well', () => {
  const stack = testStack();
  const from = new EventBus(stack, 'Bus');
  new Saga(stack, 'Fulfilment', {
    ...{ sagaName: 'fulfilment', from, events: ['order.placed'] },
    outbox: new Outbox(stack, 'Outbox', {
      ...{ source: 'orders', destination: Destination.eventBus(from) },
    }),
    handler: userFunction(stack, 'Handler'),
  });

  const alarm = propertiesOf(stack, alarmType, 'FulfilmentInboxAlarmsOldestMessage');
  expect(alarm).toMatchObject({ MetricName: 'ApproximateAgeOfOldestMessage', Threshold: 86_400 });
});

test.each<[alarm: string, description: string]>([
  [
    'OldestMessage',
    'A message has waited in the queue of inbox billing for 1 day: its handler does not run, or cannot keep up. The queue deletes messages that it has kept for its retention period, and they reach no dead-letter queue. First: npx outbox inbox ls billing',
  ],
  [
    'DeadLetters',
    'Inbox billing could not handle messages; its dead-letter queue keeps them for a while only. First: npx outbox inbox ls billing',
  ],
  [
    'Undelivered',
    'Messages could not be put into the queue of inbox billing: its policy or its key may have changed. First: npx outbox redrive-queue BillingUndeliveredQueue.QueueName',
  ],
])('%s says what it means and what to type first', (id, description) => {
  const alarm = propertiesOf(billingStack(), alarmType, `BillingAlarms${id}`);

  expect(text(alarm['AlarmDescription'])).toBe(description);
});

test('an inbox that nothing subscribes has no alarm for what could not be delivered to it', () => {
  const stack = testStack();
  const handler = userFunction(stack, 'Handler');

  const inbox = new Inbox(stack, 'Billing', { handler });

  expect(inbox.metricUndelivered()).toBeUndefined();
  expect(logicalIds(stack, [alarmType])).toEqual([
    'BillingAlarmsDeadLettersC25CE8CB',
    'BillingAlarmsOldestMessage98C50F19',
  ]);
});

test('the ids of the alarms never change', () => {
  expect(logicalIds(billingStack(), [alarmType])).toEqual([
    'BillingAlarmsDeadLettersC25CE8CB',
    'BillingAlarmsOldestMessage98C50F19',
    'BillingAlarmsUndelivered9D170B48',
  ]);
});

test('alarms: false creates none', () => {
  Template.fromStack(billingStack({ alarms: false })).resourceCountIs(alarmType, 0);
});

test('alarms have no actions without a topic', () => {
  const alarm = propertiesOf(billingStack(), alarmType, 'BillingAlarmsDeadLetters');

  expect(alarm).not.toHaveProperty('AlarmActions');
  expect(alarm).not.toHaveProperty('OKActions');
});

test('alarmTopic is told when an alarm begins and when it ends', () => {
  const stack = testStack();
  billingStack({ alarmTopic: new Topic(stack, 'OnCall') }, stack);

  const told = [{ Ref: expect.stringMatching(/^OnCall/) as unknown }];
  for (const id of ['DeadLetters', 'Undelivered']) {
    expect(propertiesOf(stack, alarmType, `BillingAlarms${id}`)).toMatchObject({
      AlarmActions: told,
      OKActions: told,
    });
  }
});
