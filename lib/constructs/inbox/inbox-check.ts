import { Duration, Token } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';

import { ownLimits } from '../../core/limits.ts';
import { checkDuration, checkNumber, checkTypes, fail } from '../shared/check.ts';
import { checkOrdered } from './inbox-order.ts';
import { isBus, isFifo, isTopic } from './inbox-origin.ts';
import type { InboxSettings } from './props.ts';
import { minRetention } from '../outbox/check.ts';
import { checkPlace } from '../shared/place.ts';
import { maxQueueRetention } from '../shared/secure-queue.ts';

/** Fails on settings that could not work. Values known only at deployment pass. */
export function checkInbox(scope: IConstruct, settings: InboxSettings): void {
  checkName(scope, settings);
  checkPlaces(scope, settings);
  checkOrigin(scope, settings);
  checkOrder(scope, settings);
  checkOrdered(scope, settings);
  checkTypes(scope, 'events', settings.events);
  checkDuration(scope, {
    name: 'outboxRetention',
    value: settings.outboxRetention,
    min: minRetention,
  });
  checkDuration(scope, {
    name: 'queueRetention',
    value: settings.queueRetention,
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
function checkName(scope: IConstruct, { inboxName = scope.node.path }: InboxSettings): void {
  const max = ownLimits.maxInboxNameBytes;
  const bytes = Buffer.byteLength(inboxName);
  if (Token.isUnresolved(inboxName) || (bytes <= max && inboxName.trim() !== '')) return;
  fail(
    scope,
    `inboxName, by default the path of the construct, must take 1 to ${max} bytes and not be blank, got ${bytes} bytes: give it an inboxName`,
  );
}

function checkPlaces(scope: IConstruct, { table, queue, deadLetterQueue }: InboxSettings): void {
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

function checkOrigin(scope: IConstruct, { from, events, source }: InboxSettings): void {
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

function checkOrder(scope: IConstruct, settings: InboxSettings): void {
  const { from, deadLetterQueue } = settings;
  if (deadLetterQueue !== undefined && deadLetterQueue.fifo !== isFifo(settings)) {
    fail(scope, 'queue and dead-letter queue must both be FIFO queues, or neither');
  }
  if (!isFifo(settings)) return;
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

function checkTrigger(scope: IConstruct, settings: InboxSettings): void {
  const { batchSize, maxBatchingWindow, maxConcurrency } = settings;
  if (maxBatchingWindow !== undefined && isFifo(settings)) {
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
