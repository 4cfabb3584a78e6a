import { Annotations, Stack } from 'aws-cdk-lib';
import { Match, Rule, type EventPattern, type IEventBusRef } from 'aws-cdk-lib/aws-events';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import {
  Subscription,
  SubscriptionFilter,
  SubscriptionProtocol,
  type ITopic,
} from 'aws-cdk-lib/aws-sns';
import { CfnQueue, type IQueue } from 'aws-cdk-lib/aws-sqs';
import type { Construct, IConstruct } from 'constructs';

import { limits } from '../../core/limits.ts';
import { checkPlace, definedOnly, fail } from '../shared/check.ts';
import { allowService, isAwsManaged } from '../shared/key.ts';
import type { InboxProps } from './props.ts';

/** What reaches an inbox, and where it goes. */
export interface SubscriptionProps {
  /** Types of event, or prefixes and `*`. @default - every event */
  readonly events?: readonly string[] | undefined;
  /** @default - everyone's events */
  readonly source?: string | undefined;
  readonly queue: IQueue;
  /** Where what could not be put into the queue goes. */
  readonly undeliveredQueue: IQueue;
}

/**
 * Has a bus send matching events to the queue.
 *
 * The bus tries for a day, then puts the event into the undelivered queue: without one it would drop it.
 */
export function subscribeToBus(
  scope: Construct,
  bus: IEventBusRef,
  { queue, undeliveredQueue, ...filter }: SubscriptionProps,
): void {
  checkPlace(scope, {
    what: `bus ${bus.node.path}`,
    resource: bus,
    next: 'a rule belongs to the account and region of its bus, so send its events by a rule there to a bus of this stack, and give that bus',
  });
  const eventPattern = patternOf(filter);
  checkPatternSize(scope, eventPattern);
  const rule = new Rule(scope, 'Rule', { eventBus: bus, eventPattern });
  rule.addTarget({
    bind: () => ({
      arn: queue.queueArn,
      deadLetterConfig: { arn: undeliveredQueue.queueArn },
      targetResource: queue,
    }),
  });
  for (const target of [queue, undeliveredQueue]) {
    allowSending(scope, target, { service: 'events.amazonaws.com', sourceArn: rule.ruleArn });
  }
}

/**
 * Has a topic send matching messages to the queue, as they were published.
 *
 * The topic tries for 23 days, then puts the message into the undelivered queue.
 */
export function subscribeToTopic(
  scope: Construct,
  topic: ITopic,
  { queue, undeliveredQueue, events }: SubscriptionProps,
): void {
  checkPlace(scope, {
    what: `topic ${topic.node.path}`,
    resource: topic,
    only: 'region',
    next: 'the dead-letter queue of a subscription must be in the region of its topic, so have an outbox deliver to the queue with Destination.queue(inbox.queue), or create the inbox in that region',
  });
  checkFilterSize(scope, events);
  new Subscription(scope, 'Subscription', {
    topic,
    protocol: SubscriptionProtocol.SQS,
    endpoint: queue.queueArn,
    rawMessageDelivery: true,
    deadLetterQueue: undeliveredQueue,
    ...definedOnly({ filterPolicy: filterOf(events) }),
  });
  for (const target of [queue, undeliveredQueue]) {
    allowSending(scope, target, {
      ...{ service: 'sns.amazonaws.com', sourceArn: topic.topicArn },
      account: topic.env.account,
    });
  }
}

/** Matches messages of outboxes only: other events of the same type on the bus are not CloudEvents events. */
function patternOf({ events, source }: Pick<SubscriptionProps, 'events' | 'source'>): EventPattern {
  const { exact, prefixes } = splitTypes(events);
  const types = [...exact, ...prefixes.map((prefix) => ({ prefix }))];
  return {
    ...(source === undefined ? {} : { source: [source] }),
    ...(types.length === 0 ? {} : { detailType: Match.anyOf(...types) }),
    detail: { specversion: ['1.0'] },
  };
}

function filterOf(
  events: readonly string[] | undefined,
): Record<string, SubscriptionFilter> | undefined {
  const { exact, prefixes } = splitTypes(events);
  if (exact.length + prefixes.length === 0) return undefined;
  const allowlist = exact;
  return { type: SubscriptionFilter.stringFilter({ allowlist, matchPrefixes: prefixes }) };
}

/** The quota can be raised, so a pattern that is too long is no error. */
function checkPatternSize(scope: IConstruct, { detailType, ...pattern }: EventPattern): void {
  const json = Stack.of(scope).toJsonString({ ...pattern, 'detail-type': detailType });
  const text: unknown = Stack.of(scope).resolve(json);
  const chars = typeof text === 'string' ? text.length : 0;
  const most = limits.eventBus.maxPatternChars;
  if (chars <= most) return;
  Annotations.of(scope).addWarningV2(
    'cdk-outbox:patternSize',
    `the pattern of the rule takes ${chars} characters, and EventBridge allows ${most} unless the quota is raised: name fewer events, or prefixes such as order.*`,
  );
}

function checkFilterSize(scope: IConstruct, events: readonly string[] = []): void {
  const most = limits.topic.maxFilterValues;
  if (events.includes('*') || events.length <= most) return;
  fail(
    scope,
    `a topic filters by ${most} types at most, got ${events.length} events: use prefixes such as order.*`,
  );
}

/** Types by how they match. Both lists are empty where every type does. */
function splitTypes(events: readonly string[] | undefined): {
  exact: string[];
  prefixes: string[];
} {
  if (events === undefined || events.includes('*')) return { exact: [], prefixes: [] };
  return {
    exact: events.filter((type) => !type.endsWith('*')),
    prefixes: events.filter((type) => type.endsWith('*')).map((type) => type.slice(0, -1)),
  };
}

interface Sender {
  readonly service: string;
  readonly sourceArn: string;
  /** Whose account it sends for. */
  readonly account?: string;
}

function allowSending(
  scope: IConstruct,
  queue: IQueue,
  { service, sourceArn, account }: Sender,
): void {
  const { statementAdded } = queue.addToResourcePolicy(
    new PolicyStatement({
      principals: [new ServicePrincipal(service)],
      actions: ['sqs:SendMessage'],
      resources: [queue.queueArn],
      conditions: { ArnEquals: { 'aws:SourceArn': sourceArn } },
    }),
  );
  if (!statementAdded) {
    fail(
      scope,
      `queue ${queue.node.path} is imported, so its policy cannot let ${service} send to it: leave out from and subscribe it where it is defined`,
    );
  }
  if (isUnderManagedKey(queue)) {
    fail(
      scope,
      `queue ${queue.node.path} is encrypted with the key alias/aws/sqs, which ${service} may not use: use QueueEncryption.SQS_MANAGED, or a key of your own as encryptionMasterKey`,
    );
  }
  const { encryptionMasterKey: key } = queue;
  if (key !== undefined) allowService(scope, { key, service, account, effect: 'no message' });
}

function isUnderManagedKey({ node: { defaultChild }, encryptionMasterKey }: IQueue): boolean {
  if (encryptionMasterKey !== undefined && isAwsManaged(encryptionMasterKey)) return true;
  return defaultChild instanceof CfnQueue && defaultChild.kmsMasterKeyId === 'alias/aws/sqs';
}

/** What puts messages into an inbox's queue: a rule of a bus, a subscription to a topic, or an outbox itself. */
export type InboxOrigin = 'bus' | 'topic' | 'outbox';

export function originOf(from: InboxProps['from']): InboxOrigin {
  if (isBus(from)) return 'bus';
  return isTopic(from) ? 'topic' : 'outbox';
}

export function isTopic(from: InboxProps['from']): from is ITopic {
  return from !== undefined && 'topicArn' in from;
}

export function isBus(from: InboxProps['from']): from is IEventBusRef {
  return from !== undefined && !isTopic(from);
}

/** Whether the inbox's queue is a FIFO queue. */
export function isFifoOrigin({ queue, fifo, from }: InboxProps): boolean {
  return queue?.fifo ?? fifo ?? (isTopic(from) && from.fifo);
}
