import { Duration, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { expect, test } from 'vitest';

import { Destination } from '../../lib/constructs/outbox/destination.ts';
import type { OutboxProps } from '../../lib/constructs/outbox/props.ts';
import { Outbox } from '../../lib/constructs/outbox/outbox.ts';
import { testStack } from './support.ts';

function createOutbox(fifo: boolean, props: Partial<OutboxProps>): Outbox {
  const stack = testStack();
  const queue = new Queue(stack, 'Queue', fifo ? { fifo } : {});
  return new Outbox(stack, 'Outbox', {
    source: 'orders',
    destination: Destination.queue(queue),
    ...props,
  });
}

test.each<[Partial<OutboxProps>, string]>([
  [
    { relayRetryAttempts: 9 },
    'relayRetryAttempts must be 10 or more since queue/Queue keeps order, got 9',
  ],
  [
    { relayMaxRecordAge: Duration.minutes(59) },
    'relayMaxRecordAge must be an hour or more since queue/Queue keeps order, got 59 minutes',
  ],
])(
  'fails when a batch for a destination that keeps order would be discarded too early: %o',
  (props, message) => {
    expect(() => createOutbox(true, props)).toThrow(message);
    expect(() => createOutbox(false, props)).not.toThrow();
  },
);

test.each([
  { destination: 'that keeps order', fifo: true, attempts: 10_000 },
  { destination: 'without order', fifo: false, attempts: 100 },
])('a failed batch is repeated $attempts times before a destination $destination', (given) => {
  const template = Template.fromStack(Stack.of(createOutbox(given.fifo, {})));

  template.hasResourceProperties('AWS::Lambda::EventSourceMapping', {
    MaximumRetryAttempts: given.attempts,
  });
});

test('fails when the relay would have no time left to deliver', () => {
  expect(() => createOutbox(false, { relayTimeout: Duration.seconds(15) })).toThrow(
    'relayTimeout must be 30 seconds to 15 minutes, got 15 seconds',
  );
});
