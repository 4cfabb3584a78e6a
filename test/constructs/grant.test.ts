import type { Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import type { Metric } from 'aws-cdk-lib/aws-cloudwatch';
import { EventBus } from 'aws-cdk-lib/aws-events';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { expect, test } from 'vitest';

import { Destination } from '../../lib/constructs/outbox/destination.ts';
import type { OutboxProps } from '../../lib/constructs/outbox/props.ts';
import { Outbox } from '../../lib/constructs/outbox/outbox.ts';
import { writerFromEnvironment } from '../../lib/core/environment.ts';
import { environmentOf, permissionsOf, testStack, text, userFunction } from './support.ts';

function createOutbox(stack: Stack, id: string, props: Partial<OutboxProps> = {}): Outbox {
  const destination = Destination.eventBus(new EventBus(stack, `${id}Bus`));
  return new Outbox(stack, id, { source: 'orders', destination, ...props });
}

function operator(stack: Stack): Role {
  return new Role(stack, 'Operator', { assumedBy: new ServicePrincipal('ec2.amazonaws.com') });
}

test('a writer may put entries, read and count up sequences, and cancel what is deferred', () => {
  const stack = testStack();

  createOutbox(stack, 'Outbox').grantWrite(userFunction(stack, 'PlaceOrder'));

  expect(permissionsOf(stack, 'PlaceOrder')).toEqual([
    'dynamodb:DeleteItem on OutboxTable.Arn',
    'dynamodb:GetItem on OutboxTable.Arn',
    'dynamodb:PutItem on OutboxTable.Arn',
    'dynamodb:UpdateItem on OutboxTable.Arn',
  ]);
});

test('a writer may use the key of the table', () => {
  const stack = testStack();
  const outbox = createOutbox(stack, 'Outbox', { encryptionKey: new Key(stack, 'Key') });

  outbox.grantWrite(userFunction(stack, 'PlaceOrder'));

  expect(permissionsOf(stack, 'PlaceOrder')).toEqual(
    expect.arrayContaining(['kms:Decrypt on Key.Arn', 'kms:Encrypt on Key.Arn']),
  );
});

test('a writer is told of the outbox by its environment', () => {
  const stack = testStack();
  const outbox = createOutbox(stack, 'Outbox', { shardCount: 32 });

  outbox.grantWrite(userFunction(stack, 'PlaceOrder'));

  const environment = environmentOf(stack, 'PlaceOrder') as Record<string, string>;
  const tableName = text(environment['OUTBOX_TABLE']);
  expect(writerFromEnvironment({ ...environment, OUTBOX_TABLE: tableName })).toEqual({
    tableName: 'OutboxTable',
    shards: 32,
    retentionMs: 14 * 24 * 60 * 60 * 1000,
    accepts: [{ maxMessageBytes: 1024 * 1024 - 1 - 512 }],
  });
});

test('a writer is told which types each destination takes', () => {
  const stack = testStack();
  const destination = Destination.topic(new Topic(stack, 'Topic'), { events: ['order.placed'] });
  const outbox = new Outbox(stack, 'Outbox', { source: 'orders', destination });

  outbox.grantWrite(userFunction(stack, 'PlaceOrder'));

  const accepts = environmentOf(stack, 'PlaceOrder')['OUTBOX_ACCEPTS'] as string;
  expect(JSON.parse(accepts)).toEqual([
    { types: ['order.placed'], maxMessageBytes: 256 * 1024 - 1536 },
  ]);
});

test('a role is granted the same, without environment variables', () => {
  const stack = testStack();
  const role = new Role(stack, 'Task', {
    assumedBy: new ServicePrincipal('ecs-tasks.amazonaws.com'),
  });
  const outbox = createOutbox(stack, 'Outbox');

  outbox.grantWrite(role);

  expect(permissionsOf(stack, 'Task')).toContain('dynamodb:PutItem on OutboxTable.Arn');
  expect(Object.keys(outbox.writerEnvironment)).toEqual([
    'OUTBOX_TABLE',
    'OUTBOX_SHARDS',
    'OUTBOX_RETENTION_MS',
    'OUTBOX_ACCEPTS',
  ]);
});

test('granting the same function twice changes nothing', () => {
  const stack = testStack();
  const outbox = createOutbox(stack, 'Outbox');
  const placeOrder = userFunction(stack, 'PlaceOrder');
  outbox.grantWrite(placeOrder);

  expect(() => outbox.grantWrite(placeOrder)).not.toThrow();
});

test('fails when a function is to write to two outboxes', () => {
  const stack = testStack();
  const placeOrder = userFunction(stack, 'PlaceOrder');
  createOutbox(stack, 'Outbox').grantWrite(placeOrder);
  const other = createOutbox(stack, 'Other');

  expect(() => other.grantWrite(placeOrder)).toThrow(
    'Orders/PlaceOrder belongs to Orders/Outbox already: a function writes to one outbox, which its environment names (Orders/Other)',
  );
});

test('an operator may look by key at the table and the waiting index, and change nothing', () => {
  const stack = testStack();
  const outbox = createOutbox(stack, 'Outbox', { encryptionKey: new Key(stack, 'Key') });

  outbox.grantRead(operator(stack));

  expect(permissionsOf(stack, 'Operator')).toEqual([
    'dynamodb:BatchGetItem on OutboxTable.Arn',
    'dynamodb:BatchGetItem on OutboxTable.Arn/index/waiting',
    'dynamodb:GetItem on OutboxTable.Arn',
    'dynamodb:GetItem on OutboxTable.Arn/index/waiting',
    'dynamodb:Query on OutboxTable.Arn',
    'dynamodb:Query on OutboxTable.Arn/index/waiting',
    'kms:Decrypt on Key.Arn',
    'kms:DescribeKey on Key.Arn',
  ]);
});

test('an operator may redrive, discard, replay and sweep, and nothing else', () => {
  const stack = testStack();
  const outbox = createOutbox(stack, 'Outbox');

  const grant = outbox.grantOperate(operator(stack));

  expect(permissionsOf(stack, 'Operator')).toEqual([
    'dynamodb:BatchGetItem on OutboxTable.Arn',
    'dynamodb:DeleteItem on OutboxTable.Arn',
    'dynamodb:DescribeTable on OutboxTable.Arn',
    'dynamodb:GetItem on OutboxTable.Arn',
    'dynamodb:PutItem on OutboxTable.Arn',
    'dynamodb:Query on OutboxTable.Arn',
    'dynamodb:Query on OutboxTable.Arn/index/waiting',
    'dynamodb:UpdateItem on OutboxTable.Arn',
    'events:PutEvents on OutboxBus.Arn',
    'lambda:GetFunctionConfiguration on OutboxRelayFunction.Arn',
    'lambda:GetFunctionConfiguration on OutboxSweeperFunction.Arn',
    'lambda:InvokeFunction on OutboxSweeperFunction.Arn',
  ]);
  expect(grant.success).toBe(true);
});

test.each(['OutboxRelay', 'OutboxSweeper', 'Operator'])(
  '%s may put events of the source of the outbox only on its bus',
  (idPrefix) => {
    const stack = testStack();
    createOutbox(stack, 'Outbox').grantOperate(operator(stack));

    const policies = Template.fromStack(stack).findResources('AWS::IAM::Policy', {
      Properties: {
        PolicyDocument: {
          Statement: Match.arrayWith([
            Match.objectLike({
              Action: 'events:PutEvents',
              Condition: { StringEquals: { 'events:source': 'orders' } },
            }),
          ]),
        },
      },
    });
    expect(Object.keys(policies)).toContainEqual(expect.stringMatching(`^${idPrefix}`));
  },
);

test('an operator may use the key of the table', () => {
  const stack = testStack();
  const outbox = createOutbox(stack, 'Outbox', { encryptionKey: new Key(stack, 'Key') });

  outbox.grantOperate(operator(stack));

  expect(permissionsOf(stack, 'Operator')).toEqual(
    expect.arrayContaining(['kms:Decrypt on Key.Arn', 'kms:Encrypt on Key.Arn']),
  );
});

test.each<[what: string, metricOf: (outbox: Outbox) => Metric, metricName: string]>([
  ['parked entries', (outbox) => outbox.metricParkedEntries(), 'ParkedBacklog'],
  [
    'the oldest unsettled page',
    (outbox) => outbox.metricOldestUnsettledAge(),
    'OldestUnsettledAge',
  ],
])('%s: what the sweeper measured last, under source and table', (_, metricOf, metricName) => {
  expect(metricOf(createOutbox(testStack(), 'Outbox'))).toMatchObject({
    namespace: 'cdk-outbox',
    metricName,
    dimensions: { service: 'orders', outbox: expect.any(String) as unknown },
    statistic: 'Maximum',
  });
});

test('the lag of the relay is the highest age that its trigger saw', () => {
  const stack = testStack();
  const outbox = createOutbox(stack, 'Outbox');

  const metric = outbox.metricRelayIteratorAge();

  expect(metric).toMatchObject({
    namespace: 'AWS/Lambda',
    metricName: 'IteratorAge',
    statistic: 'Maximum',
  });
  expect(stack.resolve(metric.dimensions)).toEqual({
    FunctionName: { Ref: 'OutboxRelayFunctionC944674B' },
  });
});

test('discarded batches are counted in the on-failure queue', () => {
  const stack = testStack();
  const outbox = createOutbox(stack, 'Outbox');

  const metric = outbox.metricRelayFailedBatches();

  expect(metric).toMatchObject({
    metricName: 'ApproximateNumberOfMessagesVisible',
    statistic: 'Maximum',
  });
  expect(stack.resolve(metric.dimensions)).toEqual({
    QueueName: { 'Fn::GetAtt': ['OutboxRelayOnFailureQueue7DBDF9E4', 'QueueName'] },
  });
});
