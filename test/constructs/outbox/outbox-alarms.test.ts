import type { Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { EventBus } from 'aws-cdk-lib/aws-events';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { expect, test } from 'vitest';

import { Destination } from '../../../lib/constructs/outbox/destination.ts';
import type { OutboxProps } from '../../../lib/constructs/outbox/props.ts';
import { Outbox } from '../../../lib/constructs/outbox/outbox.ts';
import { logicalIds, propertiesOf, testStack } from '../support.ts';

const alarmType = 'AWS::CloudWatch::Alarm';

function ordersStack(props: Partial<OutboxProps> = {}, stack = testStack()): Stack {
  new Outbox(stack, 'Outbox', {
    source: 'orders',
    destination: Destination.eventBus(new EventBus(stack, 'Bus')),
    ...props,
  });
  return stack;
}

const stack = ordersStack();

function alarm(id: string): Record<string, unknown> {
  return propertiesOf(stack, alarmType, `OutboxAlarms${id}`);
}

const ofOutbox = [
  { Name: 'outbox', Value: { Ref: expect.stringMatching(/^OutboxTable/) as unknown } },
  { Name: 'service', Value: 'orders' },
];
const ofFunction = (id: string) => [
  { Name: 'FunctionName', Value: { Ref: expect.stringMatching(id) as unknown } },
];

test.each<[id: string, what: string, properties: object]>([
  [
    'ParkedEntries',
    'an entry is parked, and keeps ringing while the sweeper is silent',
    {
      Namespace: 'cdk-outbox',
      MetricName: 'ParkedBacklog',
      Dimensions: ofOutbox,
      Statistic: 'Maximum',
      Threshold: 1,
      EvaluationPeriods: 1,
      ComparisonOperator: 'GreaterThanOrEqualToThreshold',
      TreatMissingData: 'ignore',
    },
  ],
  [
    'OldestUnsettled',
    'a page has been unsettled for 15 minutes, and keeps ringing while the sweeper is silent',
    {
      Namespace: 'cdk-outbox',
      MetricName: 'OldestUnsettledAge',
      Dimensions: ofOutbox,
      Statistic: 'Maximum',
      Threshold: 900_000,
      EvaluationPeriods: 1,
      ComparisonOperator: 'GreaterThanOrEqualToThreshold',
      TreatMissingData: 'ignore',
    },
  ],
  [
    'SweeperSilent',
    'the sweeper has not run for ten minutes, also where it never ran',
    {
      Namespace: 'AWS/Lambda',
      MetricName: 'Invocations',
      Dimensions: ofFunction('^OutboxSweeperFunction'),
      Statistic: 'Sum',
      Threshold: 1,
      EvaluationPeriods: 2,
      ComparisonOperator: 'LessThanThreshold',
      TreatMissingData: 'breaching',
    },
  ],
  [
    'SweeperFailing',
    'runs of the sweeper failed in three periods in a row',
    {
      Namespace: 'AWS/Lambda',
      MetricName: 'Errors',
      Dimensions: ofFunction('^OutboxSweeperFunction'),
      Statistic: 'Sum',
      Threshold: 1,
      EvaluationPeriods: 3,
      ComparisonOperator: 'GreaterThanOrEqualToThreshold',
      TreatMissingData: 'notBreaching',
    },
  ],
  [
    'RelayLag',
    'the relay is 5 minutes behind in two periods in a row',
    {
      Namespace: 'AWS/Lambda',
      MetricName: 'IteratorAge',
      Dimensions: ofFunction('^OutboxRelayFunction'),
      Statistic: 'Maximum',
      Threshold: 300_000,
      EvaluationPeriods: 2,
      ComparisonOperator: 'GreaterThanOrEqualToThreshold',
      TreatMissingData: 'notBreaching',
    },
  ],
  [
    'RelayGivenUp',
    'a batch was discarded',
    {
      Namespace: 'AWS/SQS',
      MetricName: 'ApproximateNumberOfMessagesVisible',
      Dimensions: [
        {
          Name: 'QueueName',
          Value: { 'Fn::GetAtt': ['OutboxRelayOnFailureQueue7DBDF9E4', 'QueueName'] },
        },
      ],
      Statistic: 'Maximum',
      Threshold: 1,
      EvaluationPeriods: 1,
      ComparisonOperator: 'GreaterThanOrEqualToThreshold',
      TreatMissingData: 'notBreaching',
    },
  ],
])('%s rings when %s', (id, _, properties) => {
  expect(alarm(id)).toMatchObject({ ...properties, Period: 300 });
});

test.each<[id: string, command: string]>([
  ['ParkedEntries', 'npx outbox ls parked --outbox Orders/Outbox'],
  ['OldestUnsettled', 'npx outbox status --outbox Orders/Outbox'],
  ['SweeperSilent', 'npx outbox doctor --outbox Orders/Outbox'],
  ['SweeperFailing', 'npx outbox doctor --outbox Orders/Outbox'],
  ['RelayLag', 'npx outbox status --outbox Orders/Outbox'],
  ['RelayGivenUp', 'npx outbox status --outbox Orders/Outbox'],
])('%s says which source it is about, and what to type first: %s', (id, command) => {
  const description = alarm(id)['AlarmDescription'];

  expect(description).toContain('orders');
  expect(description).toContain(`First: ${command}`);
});

test('the ids of the alarms never change', () => {
  expect(logicalIds(stack, [alarmType])).toEqual([
    'OutboxAlarmsOldestUnsettledA9978035',
    'OutboxAlarmsParkedEntriesA3F1DAC4',
    'OutboxAlarmsRelayGivenUpCC4357DF',
    'OutboxAlarmsRelayLag23B380D5',
    'OutboxAlarmsSweeperFailing760FEC72',
    'OutboxAlarmsSweeperSilent7C5B15A9',
  ]);
});

test('alarms: false creates none', () => {
  Template.fromStack(ordersStack({ alarms: false })).resourceCountIs(alarmType, 0);
});

test('alarms have no actions without a topic', () => {
  expect(alarm('ParkedEntries')).not.toHaveProperty('AlarmActions');
  expect(alarm('ParkedEntries')).not.toHaveProperty('OKActions');
});

test('alarmTopic is told when an alarm begins and when it ends', () => {
  const stack = testStack();
  ordersStack({ alarmTopic: new Topic(stack, 'OnCall') }, stack);

  const told = [{ Ref: expect.stringMatching(/^OnCall/) as unknown }];
  const alarms = Object.values(Template.fromStack(stack).findResources(alarmType));
  expect(alarms).toHaveLength(6);
  for (const { Properties } of alarms as { Properties: object }[]) {
    expect(Properties).toMatchObject({ AlarmActions: told, OKActions: told });
  }
});
