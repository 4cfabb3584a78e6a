import { CfnParameter, Duration } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { EventBus } from 'aws-cdk-lib/aws-events';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { describe, expect, test } from 'vitest';

import { inboxDefaults, type InboxProps } from '../../../lib/constructs/inbox/props.ts';
import { Inbox } from '../../../lib/constructs/inbox/inbox.ts';
import { outboxDefaults } from '../../../lib/constructs/outbox/props.ts';
import { environmentOf, testStack, userFunction } from '../support.ts';

function createInbox(props: Partial<InboxProps>, stack = testStack()): Inbox {
  return new Inbox(stack, 'Billing', { handler: userFunction(stack, 'Handler'), ...props });
}

test.each<[prop: keyof InboxProps, value: unknown, message: string]>([
  [
    'maxReceiveCount',
    0,
    'maxReceiveCount must be a whole number from 1 to 1000, got 0 (Orders/Billing)',
  ],
  [
    'retentionPeriod',
    Duration.days(15),
    'retentionPeriod must be 1 minute to 14 days, got 15 days (Orders/Billing)',
  ],
  [
    'producerRetention',
    Duration.days(2),
    'producerRetention must be at least 3 days, got 2 days (Orders/Billing)',
  ],
  [
    'batchSize',
    0,
    'batchSize without maxBatchingWindow must be a whole number from 1 to 10, got 0',
  ],
  [
    'batchSize',
    11,
    'batchSize without maxBatchingWindow must be a whole number from 1 to 10, got 11',
  ],
  [
    'maxBatchingWindow',
    Duration.minutes(6),
    'maxBatchingWindow must be 1 second to 5 minutes, got 6 minutes',
  ],
  [
    'maxConcurrency',
    1,
    'maxConcurrency must be a whole number from 2 to 1000, got 1 (Orders/Billing)',
  ],
  [
    'events',
    ['order.placed'],
    'events has no effect without from: give the types to Destination.queue(inbox.queue, { types }) (Orders/Billing)',
  ],
  ['source', 'orders', 'source has no effect without a bus: leave it out (Orders/Billing)'],
])('fails when %s is %s', (prop, value, message) => {
  expect(() => createInbox({ [prop]: value })).toThrow(message);
});

test('fails when a batch is too large even with a batching window', () => {
  const maxBatchingWindow = Duration.seconds(1);

  expect(() => createInbox({ batchSize: 10_001, maxBatchingWindow })).toThrow(
    'batchSize must be a whole number from 1 to 10000, got 10001 (Orders/Billing)',
  );
});

test('fails when a FIFO queue is to wait for batches', () => {
  expect(() => createInbox({ fifo: true, maxBatchingWindow: Duration.seconds(1) })).toThrow(
    'maxBatchingWindow is not possible with a FIFO queue: leave it out (Orders/Billing)',
  );
});

test('fails when a bus is given without events', () => {
  const stack = testStack();

  expect(() => createInbox({ from: new EventBus(stack, 'Bus') }, stack)).toThrow(
    "events must be given with a bus: ['*'] takes every event on it (Orders/Billing)",
  );
});

test('fails when an event is no type', () => {
  const stack = testStack();
  const from = new EventBus(stack, 'Bus');

  expect(() => createInbox({ from, events: ['Order Placed'] }, stack)).toThrow(
    'events must be event types, or prefixes followed by *, got "Order Placed" (Orders/Billing)',
  );
});

test('fails when a bus is to feed a FIFO queue', () => {
  const stack = testStack();
  const from = new EventBus(stack, 'Bus');

  expect(() => createInbox({ from, events: ['*'], fifo: true }, stack)).toThrow(
    'a bus keeps no order and would put every message into one group of a FIFO queue: use a FIFO topic, or Destination.queue(inbox.queue) (Orders/Billing)',
  );
});

test('fails when a standard topic is to feed a FIFO queue', () => {
  const stack = testStack();

  expect(() => createInbox({ from: new Topic(stack, 'Topic'), fifo: true }, stack)).toThrow(
    'topic Orders/Topic is no FIFO topic, so it cannot send to a FIFO queue (Orders/Billing)',
  );
});

test('fails when a FIFO queue is given a standard dead-letter queue', () => {
  const stack = testStack();

  expect(() =>
    createInbox({ fifo: true, deadLetterQueue: new Queue(stack, 'DeadLetters') }, stack),
  ).toThrow('queue and dead-letter queue must both be FIFO queues, or neither (Orders/Billing)');
});

describe('the dead-letter queue of a queue that is created', () => {
  const keptFor = (days: number, fifo: boolean): (() => Inbox) => {
    const stack = testStack();
    const retentionPeriod = Duration.days(days);
    const deadLetterQueue = new Queue(stack, 'Dead', {
      retentionPeriod,
      ...(fifo ? { fifo } : {}),
    });
    return () => createInbox({ deadLetterQueue, fifo, retentionPeriod: Duration.days(7) }, stack);
  };

  test('fails when it keeps messages for a shorter time: what is moved is no newer', () => {
    expect(keptFor(6, false)).toThrow(
      'dead-letter queue Orders/Dead must keep messages for at least 7 days, as queue Orders/Billing/Queue does, got 6 days: a message that is moved keeps the time when it was sent (Orders/Billing)',
    );
  });

  test('may keep them as long, and in FIFO queues, which count anew, for any time', () => {
    expect(keptFor(7, false)).not.toThrow();
    expect(keptFor(6, true)).not.toThrow();
  });
});

test('fails when a bus is to feed a queue whose policy is out of reach', () => {
  const stack = testStack();
  const imported = (name: string) =>
    Queue.fromQueueArn(stack, name, `arn:aws:sqs:eu-west-1:123456789012:${name}`);
  const queues = { queue: imported('bills'), deadLetterQueue: imported('dead-bills') };

  expect(() =>
    createInbox({ from: new EventBus(stack, 'Bus'), events: ['*'], ...queues }, stack),
  ).toThrow(
    'queue Orders/bills is imported, so its policy cannot let events.amazonaws.com send to it: leave out from and subscribe it where it is defined (Orders/Billing)',
  );
});

test('fails when a function is to handle two inboxes', () => {
  const stack = testStack();
  const { handler } = { handler: userFunction(stack, 'Handler') };
  new Inbox(stack, 'Billing', { handler });

  expect(() => new Inbox(stack, 'Other', { handler })).toThrow(
    'Orders/Handler belongs to Orders/Billing already: a function handles one inbox, which its environment names (Orders/Other)',
  );
});

test('fails when two inboxes of one name share a table', () => {
  const stack = testStack();
  const { table } = createInbox({ inboxName: 'billing' }, stack);
  const handler = userFunction(stack, 'OtherHandler');

  expect(() => new Inbox(stack, 'Other', { handler, table, inboxName: 'billing' })).toThrow(
    "Orders/Billing/Table belongs to Orders/Billing already: one would take the other's messages for handled: give it another inboxName (Orders/Other)",
  );
});

test('values that are known only at deployment pass', () => {
  const stack = testStack();
  const maxReceiveCount = new CfnParameter(stack, 'Count', { type: 'Number' }).valueAsNumber;

  createInbox({ maxReceiveCount }, stack);

  Template.fromStack(stack).hasResourceProperties('AWS::SQS::Queue', {
    RedrivePolicy: { maxReceiveCount: { Ref: 'Count' } },
  });
  expect(environmentOf(stack, 'Handler')).not.toHaveProperty('INBOX_MAX_RECEIVE_COUNT');
});

describe('the dedupe window', () => {
  const dayMs = Duration.days(1).toMilliseconds();

  function windowOf(origin: 'outbox' | 'bus' | 'topic', props: Partial<InboxProps> = {}): unknown {
    const stack = testStack();
    const from = {
      outbox: {},
      bus: { from: new EventBus(stack, 'Bus'), events: ['*'] },
      topic: { from: new Topic(stack, 'Topic') },
    }[origin];
    createInbox({ ...from, ...props }, stack);
    return Number(environmentOf(stack, 'Handler')['INBOX_DEDUPE_WINDOW_MS']) / dayMs;
  }

  test.each<['outbox' | 'bus' | 'topic', number]>([
    ['outbox', 14 + 1 + 4 + 14 + 4],
    ['bus', 14 + 1 + 1 + 14 + 4 + 14 + 4],
    ['topic', 14 + 1 + 23 + 14 + 4 + 14 + 4],
  ])(
    'outlasts by default everything that can bring back a message of %s: %d days',
    (origin, days) => {
      expect(windowOf(origin)).toBe(days);
    },
  );

  test('is rounded up to a day', () => {
    expect(windowOf('outbox', { retentionPeriod: Duration.hours(1) })).toBe(15 + 14 + 1);
  });

  test('grows and shrinks with the retention of the outbox', () => {
    expect(windowOf('outbox', { producerRetention: Duration.days(90) })).toBe(90 + 1 + 4 + 14 + 4);
    expect(windowOf('outbox', { producerRetention: Duration.days(3) })).toBe(3 + 1 + 4 + 14 + 4);
  });

  test('outlasts by default what an outbox keeps by default', () => {
    expect(inboxDefaults.producerRetention.toDays()).toBe(outboxDefaults.retention.toDays());
  });

  test('may be longer', () => {
    expect(windowOf('outbox', { dedupeWindow: Duration.days(60) })).toBe(60);
  });

  test('fails when it is shorter, and shows the sum', () => {
    expect(() => windowOf('bus', { dedupeWindow: Duration.days(7) })).toThrow(
      'dedupeWindow must be at least 52 days (outbox 14 + its waiting room 1 + retries of the bus 1 + undelivered queue 14 + queue 4 + dead-letter queue 14 + queue after a redrive 4), got 7 days: a message that is redelivered later would be handled again (Orders/Billing)',
    );
  });
});
