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
