import { shardOf } from './collections.ts';

/** What tells metrics of one name apart. */
export type Dimensions = Readonly<Record<string, string>>;

/** Characters that the CDK allows in a dimension's value. CloudWatch itself allows 1,024. */
const maxValueChars = 255;

/**
 * Dimensions whose values CloudWatch takes. The alarms and the functions that emit both build theirs here.
 *
 * A value may hold printable ASCII only and must not begin with a colon: other characters are percent-encoded. A
 * value that is too long is cut, and ends in a hash of the whole.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_Dimension.html
 */
export function toDimensions(values: Dimensions): Dimensions {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, toDimensionValue(value)]),
  );
}

function toDimensionValue(text: string): string {
  const value = text.toWellFormed().replaceAll(/^:|[^ -~]/gu, encodeURIComponent);
  if (value.length <= maxValueChars) return value;
  const hash = `~${shardOf(value, 2 ** 32).toString(16)}`;
  return value.slice(0, maxValueChars - hash.length) + hash;
}

/** Names of the metrics that relay and sweeper publish, with the outbox's source as their service. */
export const outboxMetrics = {
  published: 'EntriesPublished',
  retrying: 'EntriesRetrying',
  held: 'EntriesHeld',
  parked: 'EntriesParked',
  unsettled: 'EntriesUnsettled',
  /** Milliseconds from an event's birth to its publication: the slowest of the batch. */
  latency: 'PublishLatency',
} as const;

/**
 * The dimensions of an outbox's metrics: its source, and its table.
 *
 * Outboxes of one source, such as two stages in one account, have a table each and so share no metric.
 */
export function outboxDimensions(outbox: { source: string; tableName: string }): Dimensions {
  return toDimensions({ service: outbox.source, outbox: outbox.tableName });
}

/** What each run of the archiver measures. */
export const archiveGauges = {
  /** Milliseconds since the first page that is not archived: a little more than a day where all is well. */
  unarchived: 'UnarchivedAge',
} as const;

/** What each run of the sweeper measures, zero included: alarms tell zero from silence. */
export const outboxGauges = {
  /** Entries in the waiting room that need manual action. */
  parked: 'ParkedBacklog',
  /**
   * Milliseconds since the oldest page that may hold unsettled entries, or since the first attempt of an entry
   * that has been tried for two hours or more; 0 where all is well.
   */
  oldestUnsettled: 'OldestUnsettledAge',
} as const;

/** The CloudWatch namespace of everything the package counts. */
export const metricNamespace = 'cdk-outbox';

/**
 * The dimensions of an inbox's metrics: its name, and its table.
 *
 * Inboxes of one name, such as two stages in one account, have a table each and so share no metric.
 */
export function inboxDimensions(inbox: { name: string; tableName: string }): Dimensions {
  return toDimensions({ inbox: inbox.name, table: inbox.tableName });
}

/** What an inbox counts, once per invocation and only where it is not zero. */
export const inboxMetrics = {
  /** Messages whose handler ran and whose effects were committed. */
  handled: 'MessagesHandled',
  /** Messages that had been handled before: acknowledged without effect. */
  duplicates: 'MessagesDuplicate',
  /** Messages that the inbox itself sent to the dead-letter queue, with the reason. */
  deadLettered: 'MessagesDeadLettered',
  /** Messages that came before their turn: stored, and handled when the gap before them closes. */
  early: 'MessagesEarly',
  /** Messages that another worker has in progress: the queue delivers them again. */
  inProgress: 'MessagesInProgress',
  /** Messages that were tried and given back to the queue. */
  failed: 'MessagesFailed',
} as const;

/** What each check of an ordered inbox's gaps measures, zero included: the alarm tells zero from silence. */
export const inboxGauges = {
  /** Aggregates of which messages wait for an earlier one. */
  openGaps: 'OpenGaps',
  /** Milliseconds for which the one that stands still for longest has done so; 0 where none does. */
  oldestGap: 'OldestGapAge',
} as const;

export type InboxMetric = (typeof inboxMetrics)[keyof typeof inboxMetrics];
