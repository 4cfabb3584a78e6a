import type { Stack } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import { EventBus } from 'aws-cdk-lib/aws-events';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { describe, expect, test } from 'vitest';

import type { InboxProps } from '../../../lib/constructs/inbox/props.ts';
import { Inbox } from '../../../lib/constructs/inbox/inbox.ts';
import { flagSets, testStack, userFunction } from '../support.ts';

function subscribe(stack: Stack, props: Partial<InboxProps>): Template {
  new Inbox(stack, 'Billing', { handler: userFunction(stack, 'Handler'), ...props });
  return Template.fromStack(stack);
}

/** A statement that lets a service send to a queue, on behalf of one source only. */
function sending(service: string, sourceArn: unknown): object {
  return Match.arrayWith([
    Match.objectLike({
      Effect: 'Allow',
      Action: 'sqs:SendMessage',
      Principal: { Service: service },
      Condition: { ArnEquals: { 'aws:SourceArn': sourceArn } },
    }),
  ]);
}

describe.each(flagSets)('to a bus, with %s', (_, flags) => {
  const stack = testStack(flags);
  const bus = new EventBus(stack, 'Bus');
  const template = subscribe(stack, { from: bus, events: ['order.placed'] });

  test('a rule of the bus matches messages of the types', () => {
    template.hasResourceProperties('AWS::Events::Rule', {
      EventBusName: { Ref: 'BusEA82B648' },
      EventPattern: { 'detail-type': ['order.placed'], detail: { specversion: ['1.0'] } },
      State: 'ENABLED',
    });
  });

  test('what the bus cannot deliver ends in the undelivered queue', () => {
    template.hasResourceProperties('AWS::Events::Rule', {
      Targets: [
        {
          Arn: { 'Fn::GetAtt': [Match.stringLikeRegexp('^BillingQueue'), 'Arn'] },
          DeadLetterConfig: {
            Arn: { 'Fn::GetAtt': [Match.stringLikeRegexp('^BillingUndeliveredQueue'), 'Arn'] },
          },
        },
      ],
    });
  });

  test.each(['^BillingQueue', '^BillingUndeliveredQueue'])('only the rule may send to %s', (id) => {
    template.hasResourceProperties('AWS::SQS::QueuePolicy', {
      Queues: [{ Ref: Match.stringLikeRegexp(id) }],
      PolicyDocument: {
        Statement: sending('events.amazonaws.com', {
          'Fn::GetAtt': [Match.stringLikeRegexp('^BillingRule'), 'Arn'],
        }),
      },
    });
  });
});

describe.each(flagSets)('to a topic, with %s', (_, flags) => {
  const stack = testStack(flags);
  const topic = new Topic(stack, 'Topic');
  const template = subscribe(stack, { from: topic, events: ['order.placed', 'stock.*'] });

  test('messages come as they were published, selected by type', () => {
    template.hasResourceProperties('AWS::SNS::Subscription', {
      TopicArn: { Ref: 'TopicBFC7AF6E' },
      Protocol: 'sqs',
      RawMessageDelivery: true,
      FilterPolicy: { type: ['order.placed', { prefix: 'stock.' }] },
      FilterPolicyScope: Match.absent(),
    });
  });

  test('what the topic cannot deliver ends in the undelivered queue', () => {
    template.hasResourceProperties('AWS::SNS::Subscription', {
      RedrivePolicy: {
        deadLetterTargetArn: {
          'Fn::GetAtt': [Match.stringLikeRegexp('^BillingUndeliveredQueue'), 'Arn'],
        },
      },
    });
  });

  test.each(['^BillingQueue', '^BillingUndeliveredQueue'])(
    'only the topic may send to %s',
    (id) => {
      template.hasResourceProperties('AWS::SQS::QueuePolicy', {
        Queues: [{ Ref: Match.stringLikeRegexp(id) }],
        PolicyDocument: { Statement: sending('sns.amazonaws.com', { Ref: 'TopicBFC7AF6E' }) },
      });
    },
  );
});

test('a prefix of a type becomes a prefix of the pattern', () => {
  const stack = testStack();

  subscribe(stack, {
    from: new EventBus(stack, 'Bus'),
    events: ['order.placed', 'payment.*'],
  }).hasResourceProperties('AWS::Events::Rule', {
    EventPattern: { 'detail-type': ['order.placed', { prefix: 'payment.' }] },
  });
});

test('every event of a bus still means every message of an outbox', () => {
  const stack = testStack();

  subscribe(stack, { from: new EventBus(stack, 'Bus'), events: ['*'] }).hasResourceProperties(
    'AWS::Events::Rule',
    { EventPattern: { 'detail-type': Match.absent(), detail: { specversion: ['1.0'] } } },
  );
});

test('source selects whose events come', () => {
  const stack = testStack();

  subscribe(stack, {
    from: new EventBus(stack, 'Bus'),
    events: ['order.*'],
    source: 'orders',
  }).hasResourceProperties('AWS::Events::Rule', { EventPattern: { source: ['orders'] } });
});

test('a topic sends everything unless told otherwise', () => {
  const stack = testStack();

  subscribe(stack, { from: new Topic(stack, 'Topic') }).hasResourceProperties(
    'AWS::SNS::Subscription',
    { FilterPolicy: Match.absent() },
  );
});

test('a FIFO topic feeds FIFO queues', () => {
  const stack = testStack();

  const template = subscribe(stack, { from: new Topic(stack, 'Topic', { fifo: true }) });

  template.resourceCountIs('AWS::SQS::Queue', 3);
  template.allResourcesProperties('AWS::SQS::Queue', { FifoQueue: true });
});

test('a FIFO topic feeds standard queues where order is not wanted', () => {
  const stack = testStack();

  const template = subscribe(stack, {
    from: new Topic(stack, 'Topic', { fifo: true }),
    fifo: false,
  });

  template.allResourcesProperties('AWS::SQS::Queue', { FifoQueue: Match.absent() });
});

test('with a key of the user, the sender of this account may use the key', () => {
  const stack = testStack();

  subscribe(stack, {
    from: new EventBus(stack, 'Bus'),
    events: ['*'],
    encryptionKey: new Key(stack, 'Key'),
  }).hasResourceProperties('AWS::KMS::Key', {
    KeyPolicy: {
      Statement: Match.arrayWith([
        Match.objectLike({
          Principal: { Service: 'events.amazonaws.com' },
          Action: ['kms:Decrypt', 'kms:GenerateDataKey'],
          Condition: { StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } },
        }),
      ]),
    },
  });
});

test('warns that the policy of an imported key is the affair of its owner', () => {
  const stack = testStack();
  const arn = 'arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333-4444-555555555555';

  subscribe(stack, {
    from: new Topic(stack, 'Topic'),
    encryptionKey: Key.fromKeyArn(stack, 'Key', arn),
  });

  Annotations.fromStack(stack).hasWarning(
    '/Orders/Billing',
    Match.stringLikeRegexp('key Orders/Key is imported: unless its policy lets sns.amazonaws.com'),
  );
});

test('nothing can be undelivered where nothing is subscribed to', () => {
  const stack = testStack();

  const inbox = new Inbox(stack, 'Billing', { handler: userFunction(stack, 'Handler') });

  expect(inbox.undeliveredQueue).toBeUndefined();
});
