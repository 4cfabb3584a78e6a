import { CfnParameter, Duration, type Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Queue, QueueEncryption, type IQueue, type QueueProps } from 'aws-cdk-lib/aws-sqs';
import { describe, expect, test } from 'vitest';

import type { InboxProps } from '../../../lib/constructs/inbox/props.ts';
import { Inbox } from '../../../lib/constructs/inbox/inbox.ts';
import { environmentOf, permissionsOf, testStack, userFunction } from '../support.ts';

const dayMs = Duration.days(1).toMilliseconds();

/** A queue of the app that moves what failed three times to its own dead-letter queue. */
function ownQueue(stack: Stack, { deadRetention, ...props }: OwnQueueProps = {}): Queue {
  const retentionPeriod = deadRetention ?? Duration.days(14);
  const queue = new Queue(stack, 'OwnDeadLetters', { retentionPeriod });
  return new Queue(stack, 'Own', {
    retentionPeriod: Duration.days(7),
    deadLetterQueue: { queue, maxReceiveCount: 3 },
    ...props,
  });
}

interface OwnQueueProps extends QueueProps {
  readonly deadRetention?: Duration;
}

function imported(stack: Stack, name: string): IQueue {
  return Queue.fromQueueArn(stack, name, `arn:aws:sqs:eu-west-1:123456789012:${name}`);
}

function inboxWith(stack: Stack, props: Partial<InboxProps>): Inbox {
  return new Inbox(stack, 'Billing', { handler: userFunction(stack, 'Handler'), ...props });
}

describe('a queue of the app', () => {
  test('is used as it is, with its own dead-letter queue', () => {
    const stack = testStack();
    const queue = ownQueue(stack);

    const inbox = inboxWith(stack, { queue });

    Template.fromStack(stack).resourceCountIs('AWS::SQS::Queue', 2);
    expect(inbox.queue).toBe(queue);
    expect(inbox.deadLetterQueue.node.id).toBe('OwnDeadLetters');
    const days = 14 + 1 + 7 + 14 + 7;
    const environment = environmentOf(stack, 'Handler');
    expect(environment['INBOX_DEDUPE_WINDOW_MS']).toBe(String(days * dayMs));
    expect(environment['INBOX_MAX_RECEIVE_COUNT']).toBe('3');
  });

  test('with a key of its own has the handler use the key', () => {
    const stack = testStack();
    const encryptionMasterKey = new Key(stack, 'Key');
    const queue = ownQueue(stack, { encryption: QueueEncryption.KMS, encryptionMasterKey });

    inboxWith(stack, { queue });

    const onKey = permissionsOf(stack, 'Handler').filter((one) => one.startsWith('kms:'));
    expect(onKey).toEqual(['kms:Decrypt on Key.Arn']);
  });

  test.each(['alone', 'with another queue as deadLetterQueue'])(
    'fails when it has no redrive policy: %s',
    (how) => {
      const stack = testStack();
      const queue = new Queue(stack, 'Own');
      const extra = how === 'alone' ? {} : { deadLetterQueue: new Queue(stack, 'Dead') };

      expect(() => inboxWith(stack, { queue, ...extra })).toThrow(
        'queue Orders/Own has no dead-letter queue: set deadLetterQueue on the queue itself, or what fails is repeated until it expires, and lost (Orders/Billing)',
      );
    },
  );

  test('fails when it moves messages to another queue than the one that is named', () => {
    const stack = testStack();
    const queue = ownQueue(stack);

    expect(() => inboxWith(stack, { queue, deadLetterQueue: new Queue(stack, 'Dead') })).toThrow(
      'queue Orders/Own moves what fails to Orders/OwnDeadLetters, but deadLetterQueue is Orders/Dead: leave it out (Orders/Billing)',
    );
  });

  test('may be told where it moves messages, as long as it is true', () => {
    const stack = testStack();
    const dead = imported(stack, 'dead');
    const queue = ownQueue(stack, { deadLetterQueue: { queue: dead, maxReceiveCount: 3 } });
    const again = Queue.fromQueueArn(stack, 'Again', dead.queueArn);

    expect(inboxWith(stack, { queue, deadLetterQueue: again }).deadLetterQueue).toBe(dead);
  });

  test('fails when its dead-letter queue keeps messages for a shorter time', () => {
    const stack = testStack();
    const queue = ownQueue(stack, { deadRetention: Duration.days(4) });

    expect(() => inboxWith(stack, { queue })).toThrow(
      'dead-letter queue Orders/OwnDeadLetters must keep messages for at least 7 days, as queue Orders/Own does, got 4 days',
    );
  });

  test('fails when it shows messages again while they are handled', () => {
    const stack = testStack();
    const queue = ownQueue(stack, { visibilityTimeout: Duration.seconds(17) });

    expect(() => inboxWith(stack, { queue })).toThrow(
      'the visibility timeout of queue Orders/Own must be at least 18 seconds, 6 times the timeout of the handler and the batching window, got 17 (Orders/Billing)',
    );
  });

  test('passes with times that are known only at deployment: they count as the longest', () => {
    const stack = testStack();
    const seconds = new CfnParameter(stack, 'Seconds', { type: 'Number' }).valueAsNumber;
    const unknown = Duration.seconds(seconds);
    const queue = ownQueue(stack, { retentionPeriod: unknown, visibilityTimeout: unknown });

    inboxWith(stack, { queue });

    const days = 14 + 1 + 14 + 14 + 14;
    expect(environmentOf(stack, 'Handler')['INBOX_DEDUPE_WINDOW_MS']).toBe(String(days * dayMs));
  });

  test.each([{ fifo: false }, { maxReceiveCount: 3 }, { retentionPeriod: Duration.days(1) }])(
    'fails when %o is given with it',
    (prop) => {
      const stack = testStack();

      expect(() => inboxWith(stack, { queue: ownQueue(stack), ...prop })).toThrow(
        `${Object.keys(prop).join()} has no effect with a queue that is given: set it on the queue (Orders/Billing)`,
      );
    },
  );
});

describe('an imported queue', () => {
  test('is used with its dead-letter queue, and counts with the maximum retention period', () => {
    const stack = testStack();

    inboxWith(stack, {
      queue: imported(stack, 'bills'),
      deadLetterQueue: imported(stack, 'dead-bills'),
    });

    Template.fromStack(stack).resourceCountIs('AWS::SQS::Queue', 0);
    const days = 14 + 1 + 14 + 14 + 14;
    const environment = environmentOf(stack, 'Handler');
    expect(environment['INBOX_DEDUPE_WINDOW_MS']).toBe(String(days * dayMs));
    expect(environment).not.toHaveProperty('INBOX_MAX_RECEIVE_COUNT');
  });

  test('has the handler know how often it delivers, where that is said', () => {
    const stack = testStack();

    inboxWith(stack, {
      queue: imported(stack, 'bills'),
      deadLetterQueue: imported(stack, 'dead-bills'),
      maxReceiveCount: 7,
    });

    expect(environmentOf(stack, 'Handler')['INBOX_MAX_RECEIVE_COUNT']).toBe('7');
  });

  test('may have a dead-letter queue of the app, however long that keeps messages', () => {
    const stack = testStack();
    const deadLetterQueue = new Queue(stack, 'Dead', { retentionPeriod: Duration.days(1) });

    expect(
      inboxWith(stack, { queue: imported(stack, 'bills'), deadLetterQueue }).deadLetterQueue,
    ).toBe(deadLetterQueue);
  });

  test('fails without its dead-letter queue', () => {
    const stack = testStack();

    expect(() => inboxWith(stack, { queue: imported(stack, 'bills') })).toThrow(
      'queue Orders/bills is imported, so its redrive policy is out of sight: give the queue that it names as deadLetterQueue (Orders/Billing)',
    );
  });

  test.each([{ fifo: false }, { retentionPeriod: Duration.days(1) }])(
    'fails when %o is given with it',
    (prop) => {
      const stack = testStack();
      const queues = {
        queue: imported(stack, 'bills'),
        deadLetterQueue: imported(stack, 'dead-bills'),
      };

      expect(() => inboxWith(stack, { ...queues, ...prop })).toThrow(
        `${Object.keys(prop).join()} has no effect with a queue that is given: set it on the queue (Orders/Billing)`,
      );
    },
  );
});
