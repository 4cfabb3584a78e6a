import { Annotations, Duration, Token } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';

import type { OrderedConfig } from '../../core/environment.ts';
import { ownLimits } from '../../core/limits.ts';
import { minRetention } from '../outbox/check.ts';
import {
  checkDuration,
  checkNumber,
  checkPlace,
  checkTypes,
  definedOnly,
  fail,
  withDefaults,
} from '../shared/check.ts';
import { definitionOf, maxQueueRetention } from '../shared/queue.ts';
import { orderedDefaults, type InboxPropsWithDefaults, type OrderedProps } from './props.ts';
import { visibilitySeconds, type InboxQueue } from './queue.ts';
import { isBus, isFifoOrigin, isTopic } from './subscription.ts';

/** Fails on settings that could not work. Values known only at deployment pass. */
export function checkInbox(scope: IConstruct, settings: InboxPropsWithDefaults): void {
  checkName(scope, settings);
  checkPlaces(scope, settings);
  checkOrigin(scope, settings);
  checkOrder(scope, settings);
  checkOrdered(scope, settings);
  checkTypes(scope, 'events', settings.events);
  checkDuration(scope, {
    name: 'producerRetention',
    value: settings.producerRetention,
    min: minRetention,
  });
  checkDuration(scope, {
    name: 'retentionPeriod',
    value: settings.retentionPeriod,
    min: Duration.minutes(1),
    max: maxQueueRetention,
  });
  checkNumber(scope, {
    name: 'maxReceiveCount',
    value: settings.maxReceiveCount,
    min: 1,
    max: 1000,
  });
  checkTrigger(scope, settings);
}

/** Rows, metrics and environment carry the name. */
function checkName(
  scope: IConstruct,
  { inboxName = scope.node.path }: InboxPropsWithDefaults,
): void {
  const max = ownLimits.maxInboxNameBytes;
  const bytes = Buffer.byteLength(inboxName);
  if (Token.isUnresolved(inboxName) || (bytes <= max && inboxName.trim() !== '')) return;
  fail(
    scope,
    `inboxName, by default the path of the construct, must take 1 to ${max} bytes and not be blank, got ${bytes} bytes: give it an inboxName`,
  );
}

function checkPlaces(
  scope: IConstruct,
  { table, queue, deadLetterQueue }: InboxPropsWithDefaults,
): void {
  if (table !== undefined) {
    checkPlace(scope, {
      what: `table ${table.node.path}`,
      resource: table,
      next: 'give a table of the same account and region, and no replica',
    });
  }
  for (const [what, resource] of Object.entries({ queue, deadLetterQueue })) {
    if (resource === undefined) continue;
    checkPlace(scope, {
      what: `${what} ${resource.node.path}`,
      resource,
      only: 'region',
      next: 'Lambda receives from queues of its own region only: give a queue of that region',
    });
  }
}

function checkOrigin(scope: IConstruct, { from, events, source }: InboxPropsWithDefaults): void {
  if (isBus(from) && events === undefined) {
    fail(scope, "events must be given with a bus: ['*'] takes every event on it");
  }
  if (from === undefined && events !== undefined) {
    fail(
      scope,
      'events has no effect without from: give the types to Destination.queue(inbox.queue, { types })',
    );
  }
  if (!isBus(from) && source !== undefined) {
    fail(scope, 'source has no effect without a bus: leave it out');
  }
}

function checkOrder(scope: IConstruct, settings: InboxPropsWithDefaults): void {
  const { from, deadLetterQueue } = settings;
  if (deadLetterQueue !== undefined && deadLetterQueue.fifo !== isFifoOrigin(settings)) {
    fail(scope, 'queue and dead-letter queue must both be FIFO queues, or neither');
  }
  if (!isFifoOrigin(settings)) return;
  if (isBus(from)) {
    fail(
      scope,
      'a bus keeps no order and would put every message into one group of a FIFO queue: use a FIFO topic, or Destination.queue(inbox.queue)',
    );
  }
  if (isTopic(from) && !from.fifo) {
    fail(scope, `topic ${from.node.path} is no FIFO topic, so it cannot send to a FIFO queue`);
  }
}

function checkTrigger(scope: IConstruct, settings: InboxPropsWithDefaults): void {
  const { batchSize, maxBatchingWindow, maxConcurrency } = settings;
  if (maxBatchingWindow !== undefined && isFifoOrigin(settings)) {
    fail(scope, 'maxBatchingWindow is not possible with a FIFO queue: leave it out');
  }
  checkNumber(scope, {
    name: maxBatchingWindow === undefined ? 'batchSize without maxBatchingWindow' : 'batchSize',
    value: batchSize,
    min: 1,
    max: maxBatchingWindow === undefined ? 10 : 10_000,
  });
  if (maxBatchingWindow !== undefined) {
    checkDuration(scope, {
      name: 'maxBatchingWindow',
      value: maxBatchingWindow,
      min: Duration.seconds(1),
      max: Duration.minutes(5),
    });
  }
  if (maxConcurrency !== undefined) {
    checkNumber(scope, { name: 'maxConcurrency', value: maxConcurrency, min: 2, max: 1000 });
  }
}

/** What the functions of an ordered inbox must know; `undefined` where it is not ordered. */
export function orderedConfig(
  settings: InboxPropsWithDefaults,
  waiting: InboxQueue,
): OrderedConfig | undefined {
  const { ordered } = settings;
  if (ordered === false) return undefined;
  const { adoptWait, adoptUntil } = withDefaults(propsOf(ordered), orderedDefaults);
  return {
    queueUrl: waiting.queue.queueUrl,
    adoptWaitMs: adoptWait.toMilliseconds(),
    replayWaitMs: timeInHand(settings, waiting).toMilliseconds(),
    ...definedOnly({ adoptUntil: adoptUntil?.getTime() }),
  };
}

/** How long a message that fails each time is in the queue's hands, before it is in the dead-letter queue or forgotten. */
function timeInHand(settings: InboxPropsWithDefaults, { queue, ...waiting }: InboxQueue): Duration {
  const hidden = definitionOf(queue)?.visibilitySeconds ?? visibilitySeconds(settings);
  const { maxReceiveCount = settings.maxReceiveCount, retention } = waiting;
  return Duration.seconds(Math.min(hidden * maxReceiveCount, retention.toSeconds()));
}

/** Fails on settings under which an ordered inbox would wait for events that never reach it. */
function checkOrdered(scope: IConstruct, settings: InboxPropsWithDefaults): void {
  const { ordered, events = [], from, source } = settings;
  if (ordered === false) return;
  if (isBus(from) && source === undefined) {
    Annotations.of(scope).addWarningV2(
      'cdk-outbox:orderedSource',
      'the ordered inbox takes events of every source on the bus: everyone who may put events there can replay and skip events of its aggregates. Set source, and limit events:PutEvents of each sender to its own source',
    );
  }
  const exact = events.find((type) => !Token.isUnresolved(type) && !type.endsWith('*'));
  if (exact !== undefined) {
    fail(
      scope,
      `an ordered inbox needs every event of its aggregates: events must be prefixes such as ${exact.split('.')[0] ?? ''}.*, got ${exact}`,
    );
  }
  const { adoptWait, adoptUntil } = withDefaults(propsOf(ordered), orderedDefaults);
  checkDuration(scope, { name: 'adoptWait', value: adoptWait, min: Duration.seconds(1) });
  if (Number.isNaN(adoptUntil?.getTime())) fail(scope, 'adoptUntil must be a valid date');
}

function propsOf(ordered: true | OrderedProps): OrderedProps {
  return ordered === true ? {} : ordered;
}
