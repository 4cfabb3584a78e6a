import type { Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { EventBus } from 'aws-cdk-lib/aws-events';
import { AccountRootPrincipal, Role } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { expect, test } from 'vitest';

import { Destination } from '../../../lib/constructs/outbox/destination.ts';
import { Outbox } from '../../../lib/constructs/outbox/outbox.ts';
import { Saga, type SagaProps } from '../../../lib/constructs/saga/saga.ts';
import { sagaFrom } from '../../../lib/outbox/settings.ts';
import {
  environmentOf,
  logicalIds,
  permissionsOf,
  testStack,
  text,
  userFunction,
} from '../support.ts';

/** What holds messages or state, or would be doubled for a while when it is replaced. */
const stateful = [
  'AWS::CloudWatch::Alarm',
  'AWS::DynamoDB::Table',
  'AWS::Events::Rule',
  'AWS::Lambda::EventSourceMapping',
  'AWS::SQS::Queue',
  'AWS::Scheduler::Schedule',
];

type Choose = (stack: Stack, bus: EventBus) => Partial<SagaProps>;

/** A stack with a saga on a bus, to which its outbox delivers. */
function fulfilment(choose: Choose = () => ({})): { stack: Stack; saga: Saga; template: Template } {
  const stack = testStack();
  const bus = new EventBus(stack, 'Bus');
  const outbox = new Outbox(stack, 'Outbox', {
    source: 'orders',
    destination: Destination.eventBus(bus),
  });
  const saga = new Saga(stack, 'Fulfilment', {
    ...{ sagaName: 'fulfilment', outbox, from: bus, events: ['order.placed'] },
    handler: userFunction(stack, 'Handler'),
    ...choose(stack, bus),
  });
  return {
    stack,
    saga,
    get template() {
      return Template.fromStack(stack);
    },
  };
}

function patternsOf(template: Template): unknown[] {
  const rules = Object.values(template.findResources('AWS::Events::Rule'));
  return rules.map(({ Properties }) => {
    const { EventPattern } = Properties as { EventPattern: Record<string, unknown> };
    return [EventPattern['source'] ?? 'any', EventPattern['detail-type']];
  });
}

test('a saga has a table of its own, with an index of what has not finished', () => {
  fulfilment().template.hasResourceProperties('AWS::DynamoDB::Table', {
    TimeToLiveSpecification: { AttributeName: 'expiresAt', Enabled: true },
    GlobalSecondaryIndexes: [
      {
        IndexName: 'running',
        KeySchema: [
          { AttributeName: 'runningKey', KeyType: 'HASH' },
          { AttributeName: 'overdueAt', KeyType: 'RANGE' },
        ],
        Projection: {
          ProjectionType: 'INCLUDE',
          NonKeyAttributes: ['saga', 'key', 'status', 'startedAt'],
        },
      },
    ],
  });
});

test('its inbox takes its deadlines too, from any subscription', () => {
  const all = ['order.placed', 'fulfilment.deadline'];

  expect(fulfilment().saga.inbox.events).toEqual(all);
  expect(fulfilment(() => ({ source: 'orders' })).saga.inbox.events).toEqual(all);
});

test('its handler is told of inbox, outbox and table, by one environment', () => {
  const { stack } = fulfilment();

  const environment = environmentOf(stack, 'Handler');
  const plain = Object.fromEntries(
    Object.entries(environment).map(([name, value]) => [name, text(value)]),
  );

  expect(sagaFrom(plain)).toMatchObject({
    ...{ name: 'Orders/Fulfilment', sagaName: 'fulfilment' },
    ...{ tableName: 'FulfilmentTable', sagaTableName: 'FulfilmentTable' },
    outbox: { tableName: 'OutboxTable' },
  });
});

test('its handler may do what an inbox and a writer may, and ask which sagas have not finished', () => {
  const { stack } = fulfilment();

  const permissions = permissionsOf(stack, 'Handler').filter((one) => one.includes('dynamodb:'));

  expect(permissions).toEqual([
    'dynamodb:DeleteItem on OutboxTable.Arn',
    'dynamodb:GetItem on FulfilmentTable.Arn',
    'dynamodb:GetItem on OutboxTable.Arn',
    'dynamodb:PutItem on FulfilmentTable.Arn',
    'dynamodb:PutItem on OutboxTable.Arn',
    'dynamodb:Query on FulfilmentTable.Arn/index/running',
    'dynamodb:UpdateItem on OutboxTable.Arn',
  ]);
});

test('every five minutes its handler looks for what is overdue', () => {
  fulfilment().template.hasResourceProperties('AWS::Scheduler::Schedule', {
    ScheduleExpression: 'rate(5 minutes)',
    Target: {
      Arn: { 'Fn::GetAtt': [Match.stringLikeRegexp('^Handler'), 'Arn'] },
      Input: '{"sagaCheck":true}',
      RetryPolicy: { MaximumRetryAttempts: 0, MaximumEventAgeInSeconds: 300 },
    },
  });
});

test('an alarm goes off for overdue sagas, and when the metric is missing', () => {
  fulfilment().template.hasResourceProperties('AWS::CloudWatch::Alarm', {
    Namespace: 'cdk-outbox',
    MetricName: 'SagasOverdue',
    Dimensions: [
      { Name: 'inbox', Value: 'Orders/Fulfilment' },
      { Name: 'saga', Value: 'fulfilment' },
      { Name: 'table', Value: { Ref: Match.stringLikeRegexp('^FulfilmentTable') } },
    ],
    Statistic: 'Maximum',
    Period: 300,
    EvaluationPeriods: 3,
    Threshold: 1,
    ComparisonOperator: 'GreaterThanOrEqualToThreshold',
    TreatMissingData: 'breaching',
    AlarmDescription: Match.stringLikeRegexp('First: npx outbox saga ls Orders/Fulfilment$'),
  });
});

test('no alarms without alarms, and the topic is told of those that there are', () => {
  const without = fulfilment(() => ({ alarms: false })).template;
  const told = fulfilment((stack) => ({ alarmTopic: new Topic(stack, 'OnCall') })).template;

  const overdue = { MetricName: 'SagasOverdue' };
  expect(without.findResources('AWS::CloudWatch::Alarm', { Properties: overdue })).toEqual({});
  told.hasResourceProperties('AWS::CloudWatch::Alarm', {
    ...overdue,
    AlarmActions: [{ Ref: Match.stringLikeRegexp('^OnCall') }],
  });
});

test('a reader may list sagas and look at one by its key, also where a key encrypts the table', () => {
  const { stack, saga } = fulfilment((one) => ({ encryptionKey: new Key(one, 'Key') }));

  saga.grantRead(new Role(stack, 'Reader', { assumedBy: new AccountRootPrincipal() }));

  expect(permissionsOf(stack, 'Reader')).toEqual([
    'dynamodb:GetItem on FulfilmentTable.Arn',
    'dynamodb:Query on FulfilmentTable.Arn/index/running',
    'kms:Decrypt on Key.Arn',
    'kms:DescribeKey on Key.Arn',
  ]);
});

test('fails when it is ordered, which JavaScript allows', () => {
  const ordered = (value: unknown) => () =>
    fulfilment(() => ({ ordered: value, events: ['order.*'] }) as Partial<SagaProps>);

  expect(ordered(true)).toThrow('a saga cannot be ordered');
  expect(ordered({ adoptUntil: new Date() })).toThrow('a saga cannot be ordered');
  expect(ordered(false)).not.toThrow();
});

test('late events have a metric', () => {
  const { saga } = fulfilment();

  expect(saga.metricLateEvents()).toMatchObject({ metricName: 'SagaLate', statistic: 'Sum' });
});

test('its deadlines come with its events where both are of one source', () => {
  const { template } = fulfilment(() => ({ source: 'orders' }));

  expect(patternsOf(template)).toEqual([[['orders'], ['order.placed', 'fulfilment.deadline']]]);
});

test('its deadlines come by a rule that names their source where everyone’s events are taken', () => {
  const { template } = fulfilment(() => ({ events: ['order.placed', 'fulfilment.deadline'] }));

  expect(patternsOf(template)).toEqual([
    ['any', ['order.placed']],
    [['orders'], ['fulfilment.deadline']],
  ]);
});

test.each<[string, readonly string[]]>([
  ['all of them', ['order.placed', 'fulfilment.deadline']],
  ['a prefix', ['order.placed', 'fulfil*']],
  ['everything', ['*']],
])('a deadline that the events name already is named once: %s', (_, events) => {
  const { template } = fulfilment(() => ({ events }));

  expect(JSON.stringify(patternsOf(template)).match(/fulfilment\.deadline/g) ?? []).toHaveLength(
    events.includes('fulfilment.deadline') ? 1 : 0,
  );
});

test('its deadlines come by a rule of their own where events of another source are taken', () => {
  const { template } = fulfilment(() => ({
    source: 'shop',
    events: ['order.placed', 'fulfilment.deadline'],
  }));

  expect(patternsOf(template)).toEqual([
    [['shop'], ['order.placed']],
    [['orders'], ['fulfilment.deadline']],
  ]);
});

test('its deadlines come by a rule of their own where its outbox delivers to another bus', () => {
  const { template } = fulfilment((stack, bus) => ({
    ...{ from: new EventBus(stack, 'ShopBus'), deadlinesFrom: bus },
  }));

  expect(patternsOf(template)).toEqual([
    ['any', ['order.placed']],
    [['orders'], ['fulfilment.deadline']],
  ]);
});

test('its deadlines come by one subscription with the events of a topic', () => {
  const { template } = fulfilment((stack) => ({ from: new Topic(stack, 'Topic') }));

  template.resourceCountIs('AWS::SNS::Subscription', 1);
  template.hasResourceProperties('AWS::SNS::Subscription', {
    FilterPolicy: { type: ['order.placed', 'fulfilment.deadline'] },
  });
});

test('nothing is subscribed to where the queue is fed directly', () => {
  const stack = testStack();
  const deadLetterQueue = { queue: new Queue(stack, 'Dead'), maxReceiveCount: 3 };
  const queue = new Queue(stack, 'Queue', { deadLetterQueue });
  const outbox = new Outbox(stack, 'Outbox', {
    source: 'orders',
    destination: Destination.queue(queue),
  });
  new Saga(stack, 'Fulfilment', {
    ...{ sagaName: 'fulfilment', outbox, queue, handler: userFunction(stack, 'Handler') },
  });

  Template.fromStack(stack).resourceCountIs('AWS::Events::Rule', 0);
});

test('fails where deadlines could not come', () => {
  const stack = testStack();
  const bus = new EventBus(stack, 'Bus');
  const outbox = new Outbox(stack, 'Outbox', {
    source: 'orders',
    destination: Destination.eventBus(bus),
  });
  const saga = (id: string, props: Partial<SagaProps>) => (): Saga =>
    new Saga(stack, id, {
      ...{ sagaName: 'fulfilment', outbox, deadlinesFrom: bus },
      handler: userFunction(stack, `${id}Handler`),
      ...props,
    });
  const fifo = new Topic(stack, 'Topic', { fifo: true });

  expect(saga('Lonely', {})).toThrow('deadlinesFrom has no effect without from');
  expect(saga('Ordered', { from: fifo })).toThrow('a bus cannot bring deadlines to a FIFO queue');
});

test('the ids of what must not be replaced never change', () => {
  const { stack } = fulfilment();

  expect(logicalIds(stack, stateful).filter((id) => !id.startsWith('Outbox'))).toEqual([
    'FulfilmentAlarmsSagasOverdueBABE7E64',
    'FulfilmentDeadlinesRule405ACC78',
    'FulfilmentInboxAlarmsDeadLettersCC5BD4CB',
    'FulfilmentInboxAlarmsOldestMessage813B75FB',
    'FulfilmentInboxAlarmsUndelivered30333EEB',
    'FulfilmentInboxDeadLetterQueueF3A96979',
    'FulfilmentInboxQueue6503F7DE',
    'FulfilmentInboxRule8506098D',
    'FulfilmentInboxUndeliveredQueueF59B3F01',
    'FulfilmentTable443F0982',
    'HandlerInboxTrigger1A14CDE0',
    'HandlerSagaCheck945094B9',
  ]);
});
