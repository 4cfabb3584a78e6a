import { Duration } from 'aws-cdk-lib';
import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import type { IConstruct } from 'constructs';

import { inboxToEnvironment, type InboxConfig } from '../../core/environment.ts';
import { inboxKeyPrefixes } from '../../table/inbox.ts';
import { claim, definedOnly, fail } from '../shared/check.ts';
import { grantReceive, grantSend, maxQueueRetention } from '../shared/queue.ts';
import { grantRows, keysThatBeginWith } from '../shared/table-grants.ts';
import { configureFunction } from '../shared/user-function.ts';
import { orderedConfig } from './check.ts';
import type { InboxPropsWithDefaults } from './props.ts';
import type { InboxQueue } from './queue.ts';
import { originOf, type InboxOrigin } from './subscription.ts';

/** What an inbox does to its table: it puts a marker in the handler's transaction, and reads those there are. */
const itemActions = ['GetItem', 'PutItem'];
/** In sequence it also takes out what waited. */
const orderedItemActions = [...itemActions, 'DeleteItem'];

/**
 * Gives the handler its rights and its environment, and has the queue invoke it. Fails if it handles another inbox.
 *
 * An alias or a version is what the queue invokes; its environment is the function's.
 */
export function connectHandler(
  inbox: IConstruct,
  { settings, table, waiting }: InboxParts,
  config: InboxConfig,
): void {
  const { handler } = settings;
  const { queue, deadLetterQueue } = waiting;
  const own = configureFunction(inbox, {
    ...{ role: 'handler', function: handler, environment: inboxToEnvironment(config) },
    imported: 'create the Inbox in the app that defines the function',
  });
  claim(own, {
    name: 'inbox',
    owner: inbox,
    reason: 'a function handles one inbox, which its environment names',
  });
  const isOrdered = config.ordered !== undefined;
  grantRows(table, handler, [
    {
      actions: isOrdered ? orderedItemActions : itemActions,
      keys: keysThatBeginWith(inboxKeyPrefixes(config.name)),
    },
  ]);
  if (isOrdered) grantSend(queue, handler);
  grantSend(deadLetterQueue, handler);
  grantReceive(queue, handler);
  // Below the handler, not the inbox: the stack of the handler then needs the inbox's, and never the other way round.
  handler.addEventSourceMapping('InboxTrigger', {
    eventSourceArn: queue.queueArn,
    reportBatchItemFailures: true,
    batchSize: settings.batchSize,
    ...definedOnly({
      maxBatchingWindow: settings.maxBatchingWindow,
      maxConcurrency: settings.maxConcurrency,
    }),
  });
}

/** What an inbox is made of. */
interface InboxParts {
  readonly inboxName: string;
  readonly settings: InboxPropsWithDefaults;
  readonly table: ITable;
  readonly waiting: InboxQueue;
}

/** What the functions of an inbox must know. Fails where what was handled would be forgotten too early. */
export function inboxConfig(
  scope: IConstruct,
  { inboxName, settings, table, waiting }: InboxParts,
): InboxConfig {
  const { deadLetterQueue, retention, maxReceiveCount } = waiting;
  return {
    name: inboxName,
    tableName: table.tableName,
    dedupeWindowMs: dedupeWindowMs(scope, {
      dedupeWindow: settings.dedupeWindow,
      origin: originOf(settings.from),
      producerRetention: settings.producerRetention,
      retentionPeriod: retention,
    }),
    deadLetterQueueUrl: deadLetterQueue.queueUrl,
    ...definedOnly({ maxReceiveCount, ordered: orderedConfig(settings, waiting) }),
  };
}

/** What determines how late a message can be redelivered. */
export interface DedupeWindowProps {
  /** @default - the shortest window that is safe */
  readonly dedupeWindow?: Duration | undefined;
  readonly origin: InboxOrigin;
  readonly producerRetention: Duration;
  readonly retentionPeriod: Duration;
}

/**
 * How long an inbox must remember what it handled, in milliseconds: the window that was asked for if
 * it is long enough, and fails otherwise.
 */
export function dedupeWindowMs(scope: IConstruct, props: DedupeWindowProps): number {
  const sources = redeliveries(props);
  const leastDays = Math.ceil(sources.reduce((sum, { days }) => sum + days, 0));
  const asked = props.dedupeWindow;
  if (asked !== undefined && asked.toDays({ integral: false }) < leastDays) {
    const sum = sources.map(({ by, days }) => `${by} ${round(days)}`).join(' + ');
    fail(
      scope,
      `dedupeWindow must be at least ${leastDays} days (${sum}), got ${asked.toHumanString()}: a message that is redelivered later would be handled again`,
    );
  }
  return (asked ?? Duration.days(leastDays)).toMilliseconds();
}

/** What can bring a message back, and for how long. */
interface Redelivery {
  readonly by: string;
  readonly days: number;
}

/** One after the other, each at its worst: that is how late a second copy of a message can be. */
function redeliveries(props: DedupeWindowProps): Redelivery[] {
  const { origin, producerRetention: producerRetention, retentionPeriod: retentionPeriod } = props;
  const queueDays = retentionPeriod.toDays({ integral: false });
  return [
    // A sweeper that was off delivers anew what is kept and has no receipt, though it may have arrived.
    { by: 'outbox', days: producerRetention.toDays({ integral: false }) },
    // The waiting room retries a failing delivery for a day before it parks the entry.
    { by: 'its waiting room', days: 1 },
    ...subscriptionRedeliveries[origin],
    { by: 'queue', days: queueDays },
    { by: 'dead-letter queue', days: maxQueueRetention.toDays() },
    { by: 'queue after a redrive', days: queueDays },
  ];
}

const undelivered: Redelivery = { by: 'undelivered queue', days: maxQueueRetention.toDays() };

const subscriptionRedeliveries: Record<InboxOrigin, readonly Redelivery[]> = {
  outbox: [],
  /** https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-retry-policy.html */
  bus: [{ by: 'retries of the bus', days: 1 }, undelivered],
  /** https://docs.aws.amazon.com/sns/latest/dg/sns-message-delivery-retries.html */
  topic: [{ by: 'retries of the topic', days: 23 }, undelivered],
};

function round(days: number): number {
  return Math.round(days * 100) / 100;
}
