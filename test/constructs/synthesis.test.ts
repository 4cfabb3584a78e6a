import { readFileSync } from 'node:fs';

import { Stack } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import { AttributeType, TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { EventBus } from 'aws-cdk-lib/aws-events';
import { Alias as KeyAlias, Key } from 'aws-cdk-lib/aws-kms';
import {
  Alias,
  Code,
  Function,
  Runtime,
  RuntimeFamily,
  type IFunction,
  type IVersion,
} from 'aws-cdk-lib/aws-lambda';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { describe, expect, it } from 'vitest';

import { Destination, Inbox, Outbox, type InboxProps, type OutboxProps } from '../../lib/index.ts';
import { regionOf } from '../../lib/delivery/destinations/client.ts';
import { environmentOf, testApp, userFunction } from './support.ts';

const account = '111122223333';
const region = 'eu-west-1';

function home(): Stack {
  return new Stack(testApp(), 'Orders', { env: { account, region } });
}

function inbox(stack: Stack, props: Partial<InboxProps> = {}): Inbox {
  const { handler = userFunction(stack, 'Handler') } = props;
  return new Inbox(stack, 'Billing', { ...props, handler });
}

function outbox(stack: Stack, props: Partial<OutboxProps> = {}): Outbox {
  const destination = Destination.eventBus(new EventBus(stack, 'Bus'));
  return new Outbox(stack, 'Outbox', { source: 'orders', destination, ...props });
}

const busArn = (where: string, whose = account): string =>
  `arn:aws:events:${where}:${whose}:event-bus/shared`;
const topicArn = (where: string, whose = account): string => `arn:aws:sns:${where}:${whose}:news`;
const importedBus = (stack: Stack, arn: string) => EventBus.fromEventBusArn(stack, 'Shared', arn);
const importedTopic = (stack: Stack, arn: string) => Topic.fromTopicArn(stack, 'News', arn);
const importedFunction = (stack: Stack) =>
  Function.fromFunctionArn(stack, 'Imported', `arn:aws:lambda:${region}:${account}:function:f`);
const many = (count: number): string[] =>
  Array.from({ length: count }, (_, index) => `order.something-happened-${index}`);
// With `exactOptionalPropertyTypes` the CDK's own classes do not fit its interfaces.
const alias = (stack: Stack): IFunction =>
  new Alias(stack, 'Live', {
    aliasName: 'live',
    version: userFunction(stack, 'Behind').currentVersion as IVersion,
  }) as IFunction;
const keyArn = `arn:aws:kms:${region}:${account}:key/1`;

type Given = (stack: Stack) => unknown;

/** By the first column of the page. */
const refused: Record<string, [given: Given, message: string]> = {
  'a bus of another account or region as `from`': [
    (stack) => inbox(stack, { from: importedBus(stack, busArn('us-east-1')), events: ['*'] }),
    'bus Orders/Shared is in region us-east-1, and must be in eu-west-1: a rule belongs to',
  ],
  'a topic of another region as `from`': [
    (stack) => inbox(stack, { from: importedTopic(stack, topicArn('us-east-1')) }),
    'topic Orders/News is in region us-east-1, and must be in eu-west-1: the dead-letter queue of a subscription',
  ],
  'a queue of another region as `queue`': [
    (stack) => {
      const arn = `arn:aws:sqs:us-east-1:${account}:q`;
      const queue = Queue.fromQueueArn(stack, 'Given', arn);
      return inbox(stack, { queue, deadLetterQueue: new Queue(stack, 'Dead') });
    },
    'queue Orders/Given is in region us-east-1, and must be in eu-west-1: Lambda receives',
  ],
  'a queue under `alias/aws/sqs` with `from`': [
    (stack) => {
      const deadLetterQueue = { queue: new Queue(stack, 'Dead'), maxReceiveCount: 5 };
      const encryption = QueueEncryption.KMS_MANAGED;
      const queue = new Queue(stack, 'Given', { encryption, deadLetterQueue });
      return inbox(stack, { queue, from: new Topic(stack, 'News') });
    },
    'queue Orders/Given is encrypted with the key alias/aws/sqs, which sns.amazonaws.com may not use: use QueueEncryption.SQS_MANAGED',
  ],
  'over 150 `events` of a topic': [
    (stack) => inbox(stack, { from: new Topic(stack, 'News'), events: many(151) }),
    'a topic filters by 150 types at most, got 151 events: use prefixes such as order.*',
  ],
  'an environment over 4,096 bytes': [
    (stack) => {
      const queue = Destination.queue(new Queue(stack, 'Queue'), { events: many(200) });
      outbox(stack, { destination: queue });
      Template.fromStack(stack);
    },
    'and Lambda allows 4096 (longest: OUTBOX_DESTINATIONS): shorten',
  ],
  'a handler or writer on an old Node.js': [
    (stack) => inbox(stack, { handler: oldFunction(stack) }),
    'handler Orders/Old runs on nodejs16.x, and cdk-outbox/runtime needs Node.js 20 or later: set runtime: Runtime.NODEJS_24_X',
  ],
  'an imported function as `handler`': [
    (stack) => inbox(stack, { handler: importedFunction(stack) }),
    'handler Orders/Imported is imported, so its environment cannot be set (INBOX_NAME, INBOX_TABLE,',
  ],
  'an imported function as grantee of `grantWrite`': [
    (stack) => outbox(stack).grantWrite(importedFunction(stack)),
    'grantee Orders/Imported is imported, so its environment cannot be set (OUTBOX_TABLE, OUTBOX_SHARDS, OUTBOX_RETENTION_MS, OUTBOX_ACCEPTS): grant its role instead',
  ],
  'a table of another account, or a replica': [
    (stack) => {
      const partitionKey = { name: 'pk', type: AttributeType.STRING };
      const table = new TableV2(stack, 'Table', {
        partitionKey,
        replicas: [{ region: 'us-east-1' }],
      });
      return outbox(stack, { table: table.replica('us-east-1') });
    },
    'is in region us-east-1, and must be in eu-west-1: give a table of',
  ],
  'an `alarmTopic` under `alias/aws/sns`': [
    (stack) => {
      const masterKey = KeyAlias.fromAliasName(stack, 'SnsKey', 'alias/aws/sns');
      return inbox(stack, { alarmTopic: new Topic(stack, 'OnCall', { masterKey }) });
    },
    'alarmTopic Orders/OnCall is encrypted with the key alias/aws/sns, which CloudWatch may not use: give',
  ],
  'an `alarmTopic` of another region': [
    (stack) => inbox(stack, { alarmTopic: importedTopic(stack, topicArn('us-east-1')) }),
    'alarmTopic Orders/News is in region us-east-1, and must be in eu-west-1: give a topic',
  ],
  'an `inboxName` over 512 bytes': [
    (stack) => inbox(stack, { inboxName: 'x'.repeat(513) }),
    'must take 1 to 512 bytes and not be blank, got 513 bytes: give it an inboxName',
  ],
};

function oldFunction(stack: Stack): Function {
  return new Function(stack, 'Old', {
    runtime: new Runtime('nodejs16.x', RuntimeFamily.NODEJS, { supportsInlineCode: true }),
    handler: 'index.handler',
    code: Code.fromInline('exports.handler = async () => {}'),
  });
}

const warned: Record<string, [given: Given, message: string]> = {
  'a bus by its ARN in a stack without `env`': [
    (stack) => inbox(stack, { from: importedBus(stack, busArn(region)), events: ['*'] }),
    'bus Orders/Shared must be in the region of Orders/Billing; only one of the two is known, eu-west-1',
  ],
  'a rule pattern over 2,048 characters': [
    (stack) => inbox(stack, { from: new EventBus(stack, 'Bus'), events: many(100) }),
    'the pattern of the rule takes \\d+ characters, and EventBridge allows 2048',
  ],
  'an ordered inbox on a bus without `source`': [
    (stack) =>
      inbox(stack, { from: new EventBus(stack, 'Bus'), events: ['order.*'], ordered: true }),
    'takes events of every source on the bus: everyone who may put events there can replay and skip',
  ],
  'an environment that may grow over 4,096 bytes': [
    (stack) => {
      const fn = userFunction(stack, 'Handler');
      fn.addEnvironment('PADDING', 'x'.repeat(3_850));
      return inbox(stack, { handler: fn });
    },
    'the environment of function Orders/Handler takes about \\d+ bytes when deployed',
  ],
  'an `alarmTopic` under an imported key': [
    (stack) => {
      const masterKey = Key.fromKeyArn(stack, 'Foreign', keyArn);
      return inbox(stack, { alarmTopic: new Topic(stack, 'OnCall', { masterKey }) });
    },
    'key Orders/Foreign is imported: unless its policy lets cloudwatch.amazonaws.com decrypt',
  ],
};

const putRight: Record<string, (stack: Stack) => void> = {
  'a destination of another region': () => {
    expect(regionOf(busArn('us-east-1'))).toEqual({ region: 'us-east-1' });
    expect(regionOf('https://sqs.us-east-1.amazonaws.com/1/q')).toEqual({ region: 'us-east-1' });
    expect(regionOf(topicArn('ap-south-1'))).toEqual({ region: 'ap-south-1' });
    expect(regionOf('http://localhost:4566/1/q')).toEqual({});
    expect(regionOf('default')).toEqual({});
  },
  'a topic of another account with `encryptionKey`': (stack) => {
    const from = importedTopic(stack, topicArn(region, '999988887777'));
    inbox(stack, { from, encryptionKey: new Key(stack, 'Key') });

    Template.fromStack(stack).hasResourceProperties('AWS::KMS::Key', {
      KeyPolicy: {
        Statement: Match.arrayWith([
          Match.objectLike({
            Principal: { Service: 'sns.amazonaws.com' },
            Condition: { StringEquals: { 'aws:SourceAccount': '999988887777' } },
          }),
        ]),
      },
    });
  },
  'an alias or a version as `handler`': (stack) => {
    inbox(stack, { handler: alias(stack) });

    expect(environmentOf(stack, 'Behind')).toHaveProperty('INBOX_NAME');
    Template.fromStack(stack).hasResourceProperties('AWS::Lambda::EventSourceMapping', {
      FunctionName: { 'Fn::Join': Match.anyValue() },
    });
  },
  'an alias as grantee of `grantWrite`': (stack) => {
    outbox(stack).grantWrite(alias(stack));

    expect(environmentOf(stack, 'Behind')).toHaveProperty('OUTBOX_TABLE');
  },
  'an `alarmTopic` under a key of the app': (stack) => {
    const masterKey = new Key(stack, 'Key');
    inbox(stack, { alarmTopic: new Topic(stack, 'OnCall', { masterKey }) });

    Template.fromStack(stack).hasResourceProperties('AWS::KMS::Key', {
      KeyPolicy: {
        Statement: Match.arrayWith([
          Match.objectLike({ Principal: { Service: 'cloudwatch.amazonaws.com' } }),
        ]),
      },
    });
  },
  'a description over the limit of Lambda': (stack) => {
    outbox(stack, { source: 'x'.repeat(256) });

    Template.fromStack(stack).hasResourceProperties('AWS::Lambda::Function', {
      Description: Match.stringLikeRegexp('^Delivers the events of x{230}\\.\\.\\.$'),
    });
  },
  'a path that is not ASCII': (stack) => {
    const handler = userFunction(stack, 'Handler');
    const billing = new Inbox(stack, 'Büro', { handler, ordered: true });

    expect(billing.metricOldestGapAge()?.dimensions).toMatchObject({ inbox: 'Orders/B%C3%BCro' });
  },
};

describe('synthesis', () => {
  it.each(Object.entries(refused))('refuses %s', (_, [given, message]) => {
    expect(() => given(home())).toThrow(message);
  });

  it.each(Object.entries(warned))('warns of %s', (_, [given, message]) => {
    const stack = new Stack(testApp(), 'Orders');

    given(stack);

    const warnings = Annotations.fromStack(stack).findWarning('*', Match.stringLikeRegexp(message));
    expect(warnings).not.toEqual([]);
  });

  it('warns of no ordered inbox that names the source of its events', () => {
    const stack = home();

    inbox(stack, {
      from: new EventBus(stack, 'Bus'),
      ...{ events: ['order.*'], source: 'orders', ordered: true },
    });

    const warnings = Annotations.fromStack(stack).findWarning('*', Match.anyValue());
    expect(warnings).toEqual([]);
  });

  it.each(Object.entries(putRight))('puts right %s', (_, check) => {
    check(home());
  });

  it('is documented case by case', () => {
    const page = readFileSync('docs/synthesis.md', 'utf8');
    const rows = [...page.matchAll(/^\| (.+?) \| (refuses|warns|puts right) \|/gm)];

    const tested = Object.entries({ refuses: refused, warns: warned, 'puts right': putRight });
    expect(rows.map(([, given, what]) => `${what}: ${given}`).toSorted()).toEqual(
      tested
        .flatMap(([what, cases]) => Object.keys(cases).map((given) => `${what}: ${given}`))
        .toSorted(),
    );
  });
});
