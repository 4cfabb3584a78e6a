import { Duration, type Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { EventBus } from 'aws-cdk-lib/aws-events';
import { Key } from 'aws-cdk-lib/aws-kms';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { describe, expect, test } from 'vitest';

import { Destination } from '../../../lib/constructs/outbox/destination.ts';
import type { OutboxProps } from '../../../lib/constructs/outbox/props.ts';
import { Outbox } from '../../../lib/constructs/outbox/outbox.ts';
import {
  environmentOf,
  flagSets,
  logicalIds,
  permissionsOf,
  propertiesOf,
  testStack,
} from '../support.ts';

function ordersStack(props: Partial<OutboxProps> = {}, stack = testStack()): Stack {
  new Outbox(stack, 'Outbox', {
    source: 'orders',
    destination: Destination.eventBus(new EventBus(stack, 'Bus')),
    ...props,
  });
  return stack;
}

const functionType = 'AWS::Lambda::Function';

describe.each(flagSets)('with %s', (_, flags) => {
  const stack = ordersStack({}, testStack(flags));
  const template = Template.fromStack(stack);

  test('the sweeper runs on Node.js 24 and arm64, with a log group of its own', () => {
    expect(propertiesOf(stack, functionType, 'OutboxSweeper')).toMatchObject({
      Runtime: 'nodejs24.x',
      Architectures: ['arm64'],
      Handler: 'index.handler',
      LoggingConfig: { LogGroup: { Ref: expect.stringMatching(/^OutboxSweeperLogs/) as unknown } },
    });
  });

  test('the sweeper runs every minute; what failed is not repeated, nor started late', () => {
    const notRepeated = { MaximumRetryAttempts: 0, MaximumEventAgeInSeconds: 60 };
    template.hasResourceProperties('AWS::Scheduler::Schedule', {
      ScheduleExpression: 'rate(1 minute)',
      State: 'ENABLED',
      FlexibleTimeWindow: { Mode: 'OFF' },
      Target: {
        Arn: { 'Fn::GetAtt': [Match.stringLikeRegexp('^OutboxSweeperFunction'), 'Arn'] },
        RetryPolicy: notRepeated,
      },
    });
    template.hasResourceProperties('AWS::Lambda::EventInvokeConfig', notRepeated);
  });

  test('the schedule may run the sweeper, and nothing else', () => {
    expect(permissionsOf(stack, 'SchedulerRole')).toEqual([
      'lambda:InvokeFunction on OutboxSweeperFunction.Arn',
      'lambda:InvokeFunction on OutboxSweeperFunction.Arn:*',
    ]);
  });

  test('the sweeper may do what it does, and nothing else', () => {
    expect(permissionsOf(stack, 'OutboxSweeper')).toEqual([
      'dynamodb:BatchGetItem on OutboxTable.Arn',
      'dynamodb:BatchWriteItem on OutboxTable.Arn',
      'dynamodb:DeleteItem on OutboxTable.Arn',
      'dynamodb:DescribeTable on OutboxTable.Arn',
      'dynamodb:GetItem on OutboxTable.Arn',
      'dynamodb:PutItem on OutboxTable.Arn',
      'dynamodb:Query on OutboxTable.Arn',
      'dynamodb:Query on OutboxTable.Arn/index/waiting',
      'dynamodb:UpdateItem on OutboxTable.Arn',
      'events:PutEvents on Bus.Arn',
    ]);
  });

  test('the sweeper is told of its outbox as the relay is', () => {
    expect(environmentOf(stack, 'OutboxSweeper')).toEqual(environmentOf(stack, 'OutboxRelay'));
  });

  // The command `outbox` tells the functions of an outbox by their paths.
  test('the ids of the sweeper and its schedule never change', () => {
    const types = ['AWS::Scheduler::Schedule', functionType];
    expect(logicalIds(stack, types)).toEqual([
      'OutboxRelayFunctionC944674B',
      'OutboxSweeperFunction16A67C20',
      'OutboxSweeperScheduleC2B9AFBE',
    ]);
  });
});

test('the sweeper may use the key of the table', () => {
  const stack = testStack();
  ordersStack({ encryptionKey: new Key(stack, 'Key') }, stack);

  expect(permissionsOf(stack, 'OutboxSweeper').filter((one) => one.startsWith('kms:'))).toEqual(
    permissionsOf(stack, 'OutboxRelay').filter((one) => one.startsWith('kms:')),
  );
});

describe('defaults', () => {
  const stack = ordersStack();

  test('sweeperMemorySize is 512', () => {
    expect(propertiesOf(stack, functionType, 'OutboxSweeper')['MemorySize']).toBe(512);
  });

  test('sweeperTimeout is 5 minutes', () => {
    expect(propertiesOf(stack, functionType, 'OutboxSweeper')['Timeout']).toBe(300);
  });

  test('sweeperLogRetention is a month', () => {
    const logs = propertiesOf(stack, 'AWS::Logs::LogGroup', 'OutboxSweeper');
    expect(logs['RetentionInDays']).toBe(30);
  });
});

test('the props of the sweeper reach it', () => {
  const stack = ordersStack({
    sweeperMemorySize: 2048,
    sweeperTimeout: Duration.minutes(15),
    sweeperLogRetention: RetentionDays.ONE_WEEK,
  });

  expect(propertiesOf(stack, functionType, 'OutboxSweeper')).toMatchObject({
    MemorySize: 2048,
    Timeout: 900,
  });
  const logs = propertiesOf(stack, 'AWS::Logs::LogGroup', 'OutboxSweeper');
  expect(logs['RetentionInDays']).toBe(7);
});
