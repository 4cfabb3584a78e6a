import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import type { IEventBusRef } from 'aws-cdk-lib/aws-events';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';

import { alarmDefaults, type AlarmProps } from '../shared/alarms.ts';
import type { WithDefaults } from '../shared/check.ts';
import { outboxDefaults } from '../outbox/props.ts';
import type { IOutbox } from '../outbox/outbox.ts';

/** Properties of an {@link Inbox}. */
export interface InboxProps extends AlarmProps {
  /**
   * The function that handles the messages, or an alias or a version of it. It gets the inbox's rights and
   * environment.
   *
   * A function handles one inbox. It must be defined in the app, and run on a Node.js that `cdk-outbox/runtime` runs on.
   */
  readonly handler: IFunction;

  /**
   * The bus or the topic that the messages come from.
   *
   * @default - nothing is subscribed to: deliver to the inbox with `Destination.queue(inbox.queue)`
   */
  readonly from?: IEventBusRef | ITopic;

  /**
   * The types of event that reach the inbox: exact types, or a prefix and `*`.
   *
   * With a bus it must be given: `['*']` takes every event on it.
   *
   * @default - every event of a topic
   */
  readonly events?: readonly string[];

  /**
   * Whose events reach the inbox: the `source` of an outbox. With a bus only.
   *
   * @default - everyone's
   */
  readonly source?: string;

  /**
   * Its name in the inbox table: what it has handled is remembered under it.
   *
   * Changing it makes the inbox forget what it handled: a redelivered message is then handled again.
   *
   * @default - the construct's path
   */
  readonly inboxName?: string;

  /**
   * A queue of yours that becomes the inbox's. It must have a dead-letter queue.
   *
   * One that the app creates says so itself: `new Queue(…, { deadLetterQueue })`; the synthesis fails otherwise.
   * The redrive policy of an imported one is out of sight: `deadLetterQueue` and `maxReceiveCount` tell what it
   * says, and change nothing about it.
   *
   * @default - a queue is created
   */
  readonly queue?: IQueue;

  /**
   * The dead-letter queue for messages that cannot be handled.
   *
   * Required with an imported `queue`: the queue that its redrive policy names. Without a redrive policy, a
   * failing message is retried until it expires, and is lost.
   *
   * A standard one keeps messages at least as long as the queue: what is moved keeps the time when it was sent.
   *
   * @default - the dead-letter queue of `queue`, or one that is created
   */
  readonly deadLetterQueue?: IQueue;

  /**
   * Whether the queue keeps order within a group. Topics do so if they are FIFO; a bus cannot.
   *
   * @default - true if `from` is a FIFO topic
   */
  readonly fifo?: boolean;

  /**
   * Whether each aggregate's events are handled in sequence: `true`, or how to treat aggregates that began before
   * the inbox did.
   *
   * The next in line is handled, an early one waits in the table, and an aggregate stops at an event that fails,
   * which an alarm tells of. It needs whole aggregates: `events` names prefixes (`order.*`), types without a
   * handler only count, and every event has a `sequence`. Costs one read unit more for each message, a function
   * that looks for gaps every minute, and two metrics.
   *
   * To an inbox that is turned ordered every aggregate is new: give `adoptUntil`; what it handled in transactions
   * before may be handled again when it is redelivered. Before it is turned off, let its gaps close (`outbox inbox ls`):
   * what waits then is handled no more. Turned on again, it goes on from where it was: what was handled meanwhile
   * is a gap, to be ended with `outbox inbox skip` or a replay.
   *
   * @default false
   */
  readonly ordered?: boolean | OrderedProps;

  /**
   * A table of yours that remembers what was handled: that of another inbox, or of the outbox.
   *
   * It needs string keys `pk` and `sk`, and expiry on `expiresAt`.
   *
   * @default - a table is created
   */
  readonly table?: ITable;

  /**
   * The outbox that the handler emits to. The same as `outbox.grantWrite(handler)`.
   *
   * @default - the handler emits nothing
   */
  readonly outbox?: IOutbox;

  /**
   * How long a handled message is remembered.
   *
   * A message that is redelivered later is handled again, so the window must outlast every possible
   * redelivery. Longer costs storage. It holds for handlers in a transaction and under a lease alike; an ordered
   * inbox remembers by each aggregate's sequence, for good, and keeps what waits without an end.
   *
   * What a person does has no bound: a parked event that had arrived after all, and is redriven after the window,
   * is handled again.
   *
   * @default - the sum of all that can bring a message back by itself, rounded up to a day
   */
  readonly dedupeWindow?: Duration;

  /**
   * For how long the outbox that delivers to the inbox may deliver an event again: its `retention`, at least 3 days.
   *
   * Set it where that outbox keeps its entries for another time than by default; the longest, if there are
   * several. Longer makes the dedupe window longer.
   *
   * @default Duration.days(14), as an `Outbox`
   */
  readonly producerRetention?: Duration;

  /**
   * How often a message is received before it goes to the dead-letter queue: 1 to 1000.
   *
   * With an imported `queue`: the value in its redrive policy, so that the handler recognizes the last receive.
   * With a queue of the app it must not be set: the queue defines it.
   *
   * @default - 5; unknown for an imported queue
   */
  readonly maxReceiveCount?: number;

  /**
   * Messages that the handler is handed at once, at most: 1 to 10. Up to 10000 with a
   * `maxBatchingWindow`, which a FIFO queue does not have.
   *
   * @default 10
   */
  readonly batchSize?: number;

  /**
   * How long the trigger waits for a batch to fill: up to 5 minutes.
   *
   * @default - no wait
   */
  readonly maxBatchingWindow?: Duration;

  /**
   * Runs of the handler that the queue may start side by side: 2 to 1000.
   *
   * Set it to protect what the handler calls.
   *
   * @default - as many as Lambda allows
   */
  readonly maxConcurrency?: number;

  /**
   * How long a message may wait in the queue: 1 minute to 14 days.
   *
   * Longer bridges longer outages of the handler, and makes the dedupe window longer.
   *
   * @default Duration.days(4)
   */
  readonly retentionPeriod?: Duration;

  /**
   * What happens to the table when it is removed from the stack.
   *
   * @default RemovalPolicy.RETAIN
   */
  readonly removalPolicy?: RemovalPolicy;

  /**
   * The key that encrypts the queues and the table. The handler is granted its use.
   *
   * @default - keys that SQS and DynamoDB own
   */
  readonly encryptionKey?: IKey;
}

/**
 * How an ordered inbox treats aggregates that began before it did.
 *
 * Without `adoptUntil` each aggregate begins with its first event: an inbox that joins late keeps what comes until a
 * replay (`outbox replay`) has brought what came before.
 */
export interface OrderedProps {
  /**
   * Until when an aggregate may begin in the middle, with the first event that comes.
   *
   * Set it to when aggregates from before the inbox will have been heard of. Later a new aggregate's second event
   * that overtakes the first must not hide it.
   *
   * @default - every aggregate begins with its first event
   */
  readonly adoptUntil?: Date;

  /**
   * How long earlier events are waited for before the lowest that came is taken for the beginning: from 1 second.
   *
   * The same holds for the beginning of a replay, and for what is missing in one that had a hole before. On a FIFO
   * queue the beginning is not waited for.
   *
   * @default Duration.minutes(1)
   */
  readonly adoptWait?: Duration;
}

export const orderedDefaults = {
  adoptWait: Duration.minutes(1),
} as const satisfies OrderedProps;

/** What an inbox does where its props say nothing. */
export const inboxDefaults = {
  maxReceiveCount: 5,
  batchSize: 10,
  ordered: false,
  producerRetention: outboxDefaults.retention,
  retentionPeriod: Duration.days(4),
  removalPolicy: RemovalPolicy.RETAIN,
  ...alarmDefaults,
} as const satisfies Partial<InboxProps>;

/** An inbox's props with everything said. */
export type InboxPropsWithDefaults = WithDefaults<InboxProps, typeof inboxDefaults>;
