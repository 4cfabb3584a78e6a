import { Annotations, Stack } from 'aws-cdk-lib';
import { Match, Rule, type EventPattern, type IEventBusRef } from 'aws-cdk-lib/aws-events';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import {
  Subscription,
  SubscriptionFilter,
  SubscriptionProtocol,
  type ITopic,
} from 'aws-cdk-lib/aws-sns';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { Construct, IConstruct } from 'constructs';

import { fail } from './check.ts';
import { definedOnly } from './defaults.ts';

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
  const rule = new Rule(scope, 'Rule', { eventBus: bus, eventPattern: patternOf(filter) });
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
  new Subscription(scope, 'Subscription', {
    topic,
    protocol: SubscriptionProtocol.SQS,
    endpoint: queue.queueArn,
    rawMessageDelivery: true,
    deadLetterQueue: undeliveredQueue,
    ...definedOnly({ filterPolicy: filterOf(events) }),
  });
  for (const target of [queue, undeliveredQueue]) {
    allowSending(scope, target, { service: 'sns.amazonaws.com', sourceArn: topic.topicArn });
  }
}

/** Messages of outboxes only: whatever else is on the bus under the same type is no CloudEvents event. */
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
}

function allowSending(scope: IConstruct, queue: IQueue, { service, sourceArn }: Sender): void {
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
  if (queue.encryptionMasterKey !== undefined) allowKey(scope, queue.encryptionMasterKey, service);
}

function allowKey(scope: IConstruct, key: IKey, service: string): void {
  const { statementAdded } = key.addToResourcePolicy(
    new PolicyStatement({
      principals: [new ServicePrincipal(service)],
      actions: ['kms:Decrypt', 'kms:GenerateDataKey'],
      resources: ['*'],
      // By account, since naming the rule would make the key, the queue and the rule wait for each other.
      conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(scope).account } },
    }),
  );
  if (!statementAdded) {
    Annotations.of(scope).addWarningV2(
      'cdk-outbox:importedKey',
      `key ${key.node.path} is imported: unless its policy lets ${service} decrypt and generate data keys, no message arrives`,
    );
  }
}
