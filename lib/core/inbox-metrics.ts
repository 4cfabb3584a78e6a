import { toDimensions, type Dimensions } from './dimensions.ts';

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
  handled: 'Handled',
  /** Messages that had been handled before: acknowledged without effect. */
  duplicates: 'Duplicates',
  /** Messages that the inbox itself sent to the dead-letter queue, with the reason. */
  deadLettered: 'DeadLettered',
  /** Messages that came before their turn: stored, and handled when the gap before them closes. */
  early: 'Early',
  /** Messages that another worker had in hand: they come again. */
  inHand: 'InHand',
  /** Messages that were tried and given back to the queue. */
  failed: 'Failed',
} as const;

/** What each check of an ordered inbox's gaps measures, zero included: the alarm tells zero from silence. */
export const inboxGauges = {
  /** Aggregates of which messages wait for an earlier one. */
  openGaps: 'OpenGaps',
  /** Milliseconds for which the one that stands still for longest has done so; 0 where none does. */
  oldestGap: 'OldestGapAge',
} as const;

export type InboxMetric = (typeof inboxMetrics)[keyof typeof inboxMetrics];
