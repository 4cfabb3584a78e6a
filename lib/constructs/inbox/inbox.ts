import type { Duration } from 'aws-cdk-lib';
import { Metric, type MetricOptions } from 'aws-cdk-lib/aws-cloudwatch';
import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';

import { inboxDimensions, inboxGauges, metricNamespace } from '../../core/metrics.ts';
import { adoptInboxTable, createInboxTable } from '../shared/tables.ts';
import { claim, withDefaults, checkRequiredProps } from '../shared/check.ts';
import { adoptQueue, checkDeadLetterRetention, createInboxQueue } from './queue.ts';
import { InboxAlarms } from './alarms.ts';
import { checkInbox } from './check.ts';
import { inboxConfig, connectHandler } from './handler.ts';
import { InboxGaps } from './gaps.ts';
import { isFifoOrigin, isTopic, subscribeToBus, subscribeToTopic } from './subscription.ts';
import { inboxDefaults, type InboxProps, type InboxPropsWithDefaults } from './props.ts';
import { createQueue, metricDepth } from '../shared/queue.ts';

/**
 * The consumer's side: a queue of messages, the function that handles them, and the table that
 * remembers what was handled.
 *
 * The handler is written with `createInbox` of `cdk-outbox/runtime`: the marker in the table, the
 * handler's effects in DynamoDB and the events it emits are one transaction, so a message that is
 * redelivered within the dedupe window has no effect again. Effects outside DynamoDB are handled under a lease, at
 * least once; with `ordered`, each aggregate's events are handled in sequence.
 *
 * Changing the construct's id, or moving it, replaces queue and table: what was handled is forgotten.
 */
export class Inbox extends Construct {
  /** Where the messages wait. An outbox delivers to it directly with `Destination.queue(inbox.queue)`. */
  readonly queue: IQueue;
  /** Where messages end that cannot be handled. */
  readonly deadLetterQueue: IQueue;
  /** Where messages end that the bus or the topic could not put into the queue. Only with `from`. */
  readonly undeliveredQueue: IQueue | undefined;
  /** Remembers what was handled. */
  readonly table: ITable;
  /** Its name in the table. */
  readonly inboxName: string;
  /** What its queue is subscribed to; `undefined` where an outbox delivers to the queue. */
  readonly from: InboxProps['from'];
  /** Whose events it takes; everyone's, if it says nothing. */
  readonly source: string | undefined;
  /** Whether it handles each aggregate's events in sequence. */
  readonly isOrdered: boolean;
  readonly #events: readonly string[] | undefined;
  readonly #moreEvents: string[] = [];

  constructor(scope: Construct, id: string, props: InboxProps) {
    super(scope, id);
    checkRequiredProps(this, props, {
      handler: 'give the Lambda function that handles the events',
    });
    const settings = withDefaults(props, inboxDefaults);
    checkInbox(this, settings);

    const waiting =
      settings.queue === undefined
        ? createInboxQueue(this, settings)
        : adoptQueue(this, settings.queue, props);
    checkDeadLetterRetention(this, waiting);
    this.queue = waiting.queue;
    this.deadLetterQueue = waiting.deadLetterQueue;
    this.undeliveredQueue = this.subscribe(settings);
    this.table =
      settings.table === undefined
        ? createInboxTable(this, settings)
        : adoptInboxTable(this, settings.table);
    this.inboxName = this.claimName(settings);
    this.from = settings.from;
    this.#events = settings.events;
    this.source = settings.source;
    const parts = { inboxName: this.inboxName, settings, table: this.table, waiting };
    const config = inboxConfig(this, parts);
    connectHandler(this, parts, config);
    this.isOrdered = config.ordered !== undefined;
    if (this.isOrdered)
      new InboxGaps(this, 'Gaps', { table: this.table, queue: this.queue, config });
    settings.outbox?.grantWrite(settings.handler);
    if (settings.alarms) this.addAlarms(waiting.retention, settings.alarmTopic);
  }

  /** Messages in the dead-letter queue: the highest of 5 minutes. */
  metricDeadLetters(props: MetricOptions = {}): Metric {
    return metricDepth(this.deadLetterQueue, props);
  }

  /**
   * Messages that the bus or the topic could not put into the queue: the highest of 5 minutes.
   *
   * `undefined` where nothing is subscribed to.
   */
  metricUndelivered(props: MetricOptions = {}): Metric | undefined {
    return this.undeliveredQueue && metricDepth(this.undeliveredQueue, props);
  }

  /**
   * How long the oldest message has been waiting in the queue, in seconds: the highest of 5 minutes.
   *
   * The alarm `OldestMessage` rings at a quarter of the queue's retention period, and at one day at the latest. It is
   * what tells of a handler that does not run: its messages are never received, so they reach no dead-letter queue.
   */
  metricOldestMessageAge(props: MetricOptions = {}): Metric {
    return this.queue.metricApproximateAgeOfOldestMessage({ statistic: 'Maximum', ...props });
  }

  /**
   * How long an aggregate has stood still while messages of it wait for an earlier one, in milliseconds: the
   * highest of 5 minutes. 0 where none does.
   *
   * `undefined` where the inbox is not ordered.
   */
  metricOldestGapAge(props: MetricOptions = {}): Metric | undefined {
    return this.gauge(inboxGauges.oldestGap, props);
  }

  /**
   * Aggregates of which messages wait for an earlier one: the highest of 5 minutes.
   *
   * `undefined` where the inbox is not ordered.
   */
  metricOpenGaps(props: MetricOptions = {}): Metric | undefined {
    return this.gauge(inboxGauges.openGaps, props);
  }

  /** The types of event that subscriptions bring it; every type, if it says nothing. */
  get events(): readonly string[] | undefined {
    return this.#events && [...this.#events, ...this.#moreEvents];
  }

  /** Notes types that a subscription brings which is not the inbox's own. */
  addEvents(...types: readonly string[]): void {
    this.#moreEvents.push(...types);
  }

  private gauge(metricName: string, props: MetricOptions): Metric | undefined {
    if (!this.isOrdered) return undefined;
    return new Metric({
      namespace: metricNamespace,
      metricName,
      dimensionsMap: {
        ...inboxDimensions({ name: this.inboxName, tableName: this.table.tableName }),
      },
      statistic: 'Maximum',
      ...props,
    });
  }

  private addAlarms(retention: Duration, topic: ITopic | undefined): void {
    const { inboxName, deadLetterQueue, undeliveredQueue } = this;
    new InboxAlarms(this, 'Alarms', {
      inboxName,
      deadLetterQueue,
      undeliveredQueue,
      oldestMessageAge: this.metricOldestMessageAge(),
      retention,
      oldestGap: this.metricOldestGapAge(),
      topic,
    });
  }

  private subscribe(settings: InboxPropsWithDefaults): IQueue | undefined {
    const { from, events, source, encryptionKey } = settings;
    if (from === undefined) return undefined;
    // A topic's queue and the one for what it could not deliver must be of one kind.
    const fifo = isFifoOrigin(settings);
    const undeliveredQueue = createQueue(this, 'UndeliveredQueue', { fifo, encryptionKey });
    const subscription = { events, source, queue: this.queue, undeliveredQueue };
    if (isTopic(from)) subscribeToTopic(this, from, subscription);
    else subscribeToBus(this, from, subscription);
    return undeliveredQueue;
  }

  private claimName({ inboxName = this.node.path }: InboxPropsWithDefaults): string {
    claim(this.table, {
      name: `inbox:${inboxName}`,
      owner: this,
      reason: "one would take the other's messages for handled: give it another inboxName",
    });
    return inboxName;
  }
}
