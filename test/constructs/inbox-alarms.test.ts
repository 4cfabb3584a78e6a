import type { Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { EventBus } from 'aws-cdk-lib/aws-events';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { expect, test } from 'vitest';

import type { InboxProps } from '../../lib/constructs/inbox-props.ts';
import { Inbox } from '../../lib/constructs/inbox.ts';
import { logicalIds, propertiesOf, testStack, text, userFunction } from './support.ts';

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

test.each<[alarm: string, description: string]>([
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
  expect(logicalIds(stack, [alarmType])).toEqual(['BillingAlarmsDeadLettersC25CE8CB']);
});

test('the ids of the alarms never change', () => {
  expect(logicalIds(billingStack(), [alarmType])).toEqual([
    'BillingAlarmsDeadLettersC25CE8CB',
    'BillingAlarmsUndelivered9D170B48',
  ]);
});

test('alarms: false creates none', () => {
  Template.fromStack(billingStack({ alarms: false })).resourceCountIs(alarmType, 0);
});

test('nobody is told unless there is a topic', () => {
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
