import { toDimensions, type Dimensions } from './dimensions.ts';

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
  /** Entries in the waiting room that need a person. */
  parked: 'ParkedEntries',
  /**
   * Milliseconds since the oldest page that may hold unsettled entries, or since the first attempt of an entry
   * that has been tried for two hours or more; 0 where all is well.
   */
  oldestUnsettled: 'OldestUnsettledAge',
} as const;
