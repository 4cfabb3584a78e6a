import { CfnParameter, Duration } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Table } from 'aws-cdk-lib/aws-dynamodb';
import { EventBus } from 'aws-cdk-lib/aws-events';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { expect, test } from 'vitest';

import { Destination } from '../../../lib/constructs/outbox/destination.ts';
import type { OutboxProps } from '../../../lib/constructs/outbox/props.ts';
import { Outbox } from '../../../lib/constructs/outbox/outbox.ts';
import { environmentOf, testStack } from '../support.ts';

function createOutbox(props: Partial<OutboxProps>, stack = testStack()): Outbox {
  return new Outbox(stack, 'Outbox', {
    source: 'orders',
    ...('destinations' in props
      ? {}
      : { destination: Destination.eventBus(new EventBus(stack, 'Bus')) }),
    ...props,
  });
}

test.each<[prop: keyof OutboxProps, value: unknown, message: string]>([
  ['shardCount', 0, 'shardCount must be a whole number from 1 to 256, got 0 (Orders/Outbox)'],
  ['shardCount', 257, 'shardCount must be a whole number from 1 to 256, got 257 (Orders/Outbox)'],
  ['shardCount', 1.5, 'shardCount must be a whole number from 1 to 256, got 1.5 (Orders/Outbox)'],
  ['retention', Duration.days(2), 'retention must be at least 3 days, got 2 days (Orders/Outbox)'],
  [
    'maxDeliveryAttempts',
    0,
    'maxDeliveryAttempts must be a whole number from 1 to 100, got 0 (Orders/Outbox)',
  ],
  ['relayBatchSize', 10_001, 'relayBatchSize must be a whole number from 1 to 10000, got 10001'],
  ['relayRetryAttempts', -1, 'relayRetryAttempts must be a whole number from 0 to 10000, got -1'],
  [
    'relayParallelizationFactor',
    11,
    'relayParallelizationFactor must be a whole number from 1 to 10',
  ],
  ['relayMemorySize', 64, 'relayMemorySize must be a whole number from 128 to 10240, got 64'],
  [
    'relayTimeout',
    Duration.minutes(16),
    'relayTimeout must be 30 seconds to 15 minutes, got 16 minutes',
  ],
  [
    'relayMaxRecordAge',
    Duration.hours(24),
    'relayMaxRecordAge must be 1 minute to 23 hours, got 1 day',
  ],
  [
    'relayMaxBatchingWindow',
    Duration.minutes(6),
    'relayMaxBatchingWindow must be 0 seconds to 5 minutes',
  ],
  ['sweeperMemorySize', 64, 'sweeperMemorySize must be a whole number from 128 to 10240, got 64'],
  [
    'sweeperTimeout',
    Duration.seconds(59),
    'sweeperTimeout must be 1 minute to 15 minutes, got 59 seconds',
  ],
  [
    'sweeperTimeout',
    Duration.minutes(16),
    'sweeperTimeout must be 1 minute to 15 minutes, got 16 minutes',
  ],
  ['source', '', 'source must be 1 to 256 ASCII characters without spaces, got ""'],
  [
    'source',
    'my orders',
    'source must be 1 to 256 ASCII characters without spaces, got "my orders"',
  ],
  [
    'source',
    'aws.orders',
    'source must not start with aws., which is kept for AWS, got aws.orders',
  ],
  ['destinations', [], 'the number of destinations must be a whole number from 1 to 20, got 0'],
])('fails when %s is %s', (prop, value, message) => {
  expect(() => createOutbox({ [prop]: value })).toThrow(message);
});

test('fails when neither destination nor destinations is given', () => {
  expect(() => new Outbox(testStack(), 'Outbox', { source: 'orders' })).toThrow(
    'destination is required, got undefined: give one such as Destination.eventBus(bus) (Orders/Outbox)',
  );
});

test('fails when both destination and destinations are given', () => {
  const stack = testStack();
  const destination = Destination.eventBus(new EventBus(stack, 'Bus'));

  expect(() => createOutbox({ destination, destinations: [destination] }, stack)).toThrow(
    'give either destination or destinations, not both (Orders/Outbox)',
  );
});

test('fails when two destinations have one name', () => {
  const stack = testStack();
  const destinations = ['One', 'Two'].map((id) =>
    Destination.queue(new Queue(stack, id), { name: 'warehouse' }),
  );

  expect(() => createOutbox({ destinations }, stack)).toThrow(
    'two destinations are named warehouse: give one of them another name (Orders/Outbox)',
  );
});

test('fails when the name of a destination is too long', () => {
  const stack = testStack();
  const destinations = [Destination.queue(new Queue(stack, 'Q'.repeat(60)))];

  expect(() => createOutbox({ destinations }, stack)).toThrow(
    'the name of a destination must be 1 to 64 ASCII characters without spaces',
  );
});

test('fails when a destination takes no types', () => {
  const stack = testStack();
  const destinations = [Destination.queue(new Queue(stack, 'Queue'), { events: [] })];

  expect(() => createOutbox({ destinations }, stack)).toThrow(
    'types of queue/Queue must not be empty: leave it out to take every event (Orders/Outbox)',
  );
});

test('fails when a destination takes something that is no type', () => {
  const stack = testStack();
  const destinations = [
    Destination.queue(new Queue(stack, 'Queue'), { events: ['order.*.placed'] }),
  ];

  expect(() => createOutbox({ destinations }, stack)).toThrow(
    'types of queue/Queue must be event types, or prefixes followed by *, got "order.*.placed" (Orders/Outbox)',
  );
});

test('fails when runs in parallel would break the order of a destination', () => {
  const stack = testStack();
  const destinations = [Destination.topic(new Topic(stack, 'Topic', { fifo: true }))];

  expect(() => createOutbox({ destinations, relayParallelizationFactor: 2 }, stack)).toThrow(
    'relayParallelizationFactor must be 1 since topic/Topic keeps order, got 2 (Orders/Outbox)',
  );
});

test('fails when a key is given for a table that is given', () => {
  const stack = testStack();
  const table = Table.fromTableAttributes(stack, 'Table', {
    tableName: 'orders-outbox',
    tableStreamArn: 'arn:aws:dynamodb:eu-west-1:123456789012:table/orders-outbox/stream/1',
  });

  expect(() => createOutbox({ table, encryptionKey: new Key(stack, 'Key') }, stack)).toThrow(
    'encryptionKey is for a table that the outbox creates: set it on the given table (Orders/Outbox)',
  );
});

test('values that are known only at deployment pass', () => {
  const stack = testStack();
  const shards = new CfnParameter(stack, 'Shards', { type: 'Number' }).valueAsNumber;
  const source = new CfnParameter(stack, 'Source').valueAsString;

  createOutbox({ shardCount: shards, source }, stack);

  Template.fromStack(stack);
  expect(environmentOf(stack, 'OutboxRelay')).toMatchObject({
    OUTBOX_SHARDS: { Ref: 'Shards' },
    OUTBOX_SOURCE: { Ref: 'Source' },
  });
});
