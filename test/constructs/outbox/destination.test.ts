import type { Stack } from 'aws-cdk-lib';
import { CfnEventBus, EventBus } from 'aws-cdk-lib/aws-events';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { describe, expect, test } from 'vitest';

import { Destination } from '../../../lib/constructs/outbox/destination.ts';
import { Outbox } from '../../../lib/constructs/outbox/outbox.ts';
import type { Entry } from '../../../lib/table/entry.ts';
import type { DestinationConfig } from '../../../lib/core/environment.ts';
import { limits, ownLimits } from '../../../lib/core/limits.ts';
import type { DestinationAdapter as Adapter } from '../../../lib/delivery/destination.ts';
import { createEventBusDestination } from '../../../lib/delivery/destinations/event-bus.ts';
import { createQueueDestination } from '../../../lib/delivery/destinations/queue.ts';
import { createTopicDestination } from '../../../lib/delivery/destinations/topic.ts';
import { environmentOf, permissionsOf, testStack, text } from '../support.ts';

/** Permissions of a relay to one destination that are about the destination. */
function permissionsFor(stack: Stack, destination: Destination): string[] {
  new Outbox(stack, 'Outbox', { source: 'orders', destination });
  return permissionsOf(stack, 'OutboxRelay').filter((one) => !one.includes(' on Outbox'));
}

describe('an event bus', () => {
  test('is put to, and nothing else is allowed', () => {
    const stack = testStack();

    expect(permissionsFor(stack, Destination.eventBus(new EventBus(stack, 'Bus')))).toEqual([
      'events:PutEvents on Bus.Arn',
    ]);
  });

  test('may be a bare resource', () => {
    const stack = testStack();

    expect(
      permissionsFor(stack, Destination.eventBus(new CfnEventBus(stack, 'Bus', { name: 'bus' }))),
    ).toEqual(['events:PutEvents on Bus.Arn']);
  });

  test('keeps no order', () => {
    expect(Destination.eventBus(new EventBus(testStack(), 'Bus')).config.ordered).toBe(false);
  });
});

describe('a queue', () => {
  test('is sent to, and nothing else is allowed', () => {
    const stack = testStack();

    expect(permissionsFor(stack, Destination.queue(new Queue(stack, 'Queue')))).toEqual([
      'sqs:SendMessage on Queue.Arn',
    ]);
  });

  test('with a key of the user has the relay use the key', () => {
    const stack = testStack();
    const queue = new Queue(stack, 'Queue', {
      encryption: QueueEncryption.KMS,
      encryptionMasterKey: new Key(stack, 'Key'),
    });

    expect(permissionsFor(stack, Destination.queue(queue))).toEqual([
      'kms:Decrypt on Key.Arn',
      'kms:GenerateDataKey on Key.Arn',
      'sqs:SendMessage on Queue.Arn',
    ]);
  });

  test.each([true, false])('keeps order if it is a FIFO queue: %s', (fifo) => {
    const queue = new Queue(testStack(), 'Queue', fifo ? { fifo } : {});

    expect(Destination.queue(queue).config.ordered).toBe(fifo);
  });
});

describe('a topic', () => {
  test('is published to, and nothing else is allowed', () => {
    const stack = testStack();

    expect(permissionsFor(stack, Destination.topic(new Topic(stack, 'Topic')))).toEqual([
      'sns:Publish on Topic',
    ]);
  });

  test('with a key of the user has the relay use the key', () => {
    const stack = testStack();
    const topic = new Topic(stack, 'Topic', { masterKey: new Key(stack, 'Key') });

    expect(permissionsFor(stack, Destination.topic(topic))).toEqual([
      'kms:Decrypt on Key.Arn',
      'kms:GenerateDataKey on Key.Arn',
      'sns:Publish on Topic',
    ]);
  });

  test.each([true, false])('keeps order if it is a FIFO topic: %s', (fifo) => {
    const topic = new Topic(testStack(), 'Topic', fifo ? { fifo } : {});

    expect(Destination.topic(topic).config.ordered).toBe(fifo);
  });
});

test('the relay is told name, kind, target, order and types of each destination', () => {
  const stack = testStack();
  const destinations = [
    Destination.eventBus(new EventBus(stack, 'Bus')),
    Destination.queue(new Queue(stack, 'Queue'), { name: 'warehouse', events: ['order.*'] }),
    Destination.topic(new Topic(stack, 'Topic', { fifo: true })),
  ];

  new Outbox(stack, 'Outbox', { source: 'orders', destinations });

  const json = text(environmentOf(stack, 'OutboxRelay')['OUTBOX_DESTINATIONS']);
  expect(JSON.parse(json)).toEqual([
    { name: 'bus/Bus', kind: 'bus', target: 'Bus.Arn', ordered: false },
    {
      name: 'warehouse',
      kind: 'queue',
      target: 'Queue',
      ordered: false,
      types: ['order.*'],
    },
    { name: 'topic/Topic', kind: 'topic', target: 'Topic', ordered: true },
  ]);
});

// What the writer lets pass must fit into a call, or it could only be parked.
test.each<[kind: string, destination: Destination, open: (config: DestinationConfig) => Adapter]>([
  [
    'bus',
    Destination.eventBus(new EventBus(testStack(), 'Bus')),
    (config) => createEventBusDestination(config, unused),
  ],
  [
    'queue',
    Destination.queue(new Queue(testStack(), 'Q')),
    (config) => createQueueDestination(config, unused),
  ],
  [
    'topic',
    Destination.topic(new Topic(testStack(), 'T')),
    (config) => createTopicDestination(config, unused),
  ],
])('the largest message that a %s may get fits into one call', (_, destination, open) => {
  const adapter = open(destination.config);
  const json = 'x'.repeat(destination.maxMessageBytes);

  const bytes = adapter.sizeOf({ entry: largestEntry, source: 's'.repeat(256), json });

  expect(bytes).toBeLessThanOrEqual(adapter.maxBytesPerCall);
});

const unused = { send: () => Promise.reject(new Error('nothing is sent')) };

const largestEntry: Entry = {
  id: '019aa3f5-8f00-7000-8000-000000000000',
  type: 't'.repeat(limits.eventBus.maxTypeChars),
  version: 1,
  aggregate: 'a'.repeat(ownLimits.maxAggregateBytes),
  data: '{}',
};
