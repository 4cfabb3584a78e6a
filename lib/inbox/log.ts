import { Metrics } from '@aws-lambda-powertools/metrics';

import { definedOnly } from '../core/collections.ts';
import { OutboxError } from '../core/errors.ts';
import { metricNamespace, type Dimensions, type InboxMetric } from '../core/metrics.ts';
import type { Log, LogFields } from '../core/ports.ts';
import { framesOf, nameOfError, safeMessage } from '../core/redact.ts';
import { traceIdOf } from '../events/trace.ts';
import { isInvalidMessage, type InvalidMessage, type Message } from '../table/message.ts';
import type { SqsRecord } from './sqs-event.ts';

/** A log whose lines carry the ids of one message. Give it ids, names and numbers, never payloads. */
export interface MessageLog {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

/**
 * A log whose lines all carry `keys`.
 *
 * Keys are passed with each line and kept nowhere, so that records handled in parallel cannot mix them up.
 */
export function withKeys(log: Log, keys: LogFields): MessageLog {
  return {
    debug: (message, fields) => {
      log.debug(message, { ...keys, ...fields });
    },
    info: (message, fields) => {
      log.info(message, { ...keys, ...fields });
    },
    warn: (message, fields) => {
      log.warn(message, { ...keys, ...fields });
    },
    error: (message, fields) => {
      log.error(message, { ...keys, ...fields });
    },
  };
}

/** The keys of one record's log lines: ids and names, nothing of the payload. */
export function logKeysOf(record: SqsRecord, message: Message | InvalidMessage): LogFields {
  const { messageId } = record;
  if (isInvalidMessage(message)) return { messageId };
  const { id, type, subject, correlationid, causationid, traceparent = '' } = message;
  return {
    ...{ messageId, eventId: id, type, aggregate: subject, correlationId: correlationid },
    ...definedOnly({ causationId: causationid, traceId: traceIdOf(traceparent) }),
  };
}

/** How errors are logged. */
export interface ErrorLogging {
  /** Whether the messages of all errors are logged. @default false */
  readonly logErrorMessages?: boolean | undefined;
}

/**
 * An error as a log line may hold it: its class, where it was thrown, and what it says if that cannot hold a payload
 * (errors of this package, of AWS and of the network). Other properties, such as the items of a cancelled
 * transaction, are left out.
 */
export function errorFields(error: unknown, { logErrorMessages }: ErrorLogging = {}): LogFields {
  const all = logErrorMessages === true;
  if (!(error instanceof Error)) {
    return { error: { name: nameOfError(error), ...(all ? { message: String(error) } : {}) } };
  }
  const { cause } = error;
  const causeText = all && cause instanceof Error ? cause.message : safeMessage(cause);
  return {
    ...(OutboxError.is(error) ? { code: error.code } : {}),
    error: definedOnly({
      name: nameOfError(error),
      message: all ? error.message : safeMessage(error),
      stack: all ? error.stack : framesOf(error),
      cause: cause instanceof Error ? (causeText ?? nameOfError(cause)) : undefined,
    }),
  };
}

/** Where an inbox's counts go. A Powertools `Metrics` fits. */
export interface InboxMetricsSink {
  addDimension(name: string, value: string): unknown;
  addMetric(name: string, unit: 'Count', value: number): unknown;
  publishStoredMetrics(): unknown;
}

/** What one invocation counts. */
export interface Tally {
  count(metric: InboxMetric): void;
  /** Publishes what is not zero. */
  publish(): void;
}

/** Counts of an inbox: one tally per invocation, so that nothing is shared between two of them. */
export function newTally(sink: InboxMetricsSink, dimensions: Dimensions): Tally {
  const counts = new Map<InboxMetric, number>();
  return {
    count: (metric) => counts.set(metric, (counts.get(metric) ?? 0) + 1),
    publish: () => {
      if (counts.size === 0) return;
      addDimensions(sink, dimensions);
      for (const [metric, count] of counts) sink.addMetric(metric, 'Count', count);
      sink.publishStoredMetrics();
    },
  };
}

/** Has what is published next carry the dimensions. */
export function addDimensions(
  sink: Pick<InboxMetricsSink, 'addDimension'>,
  dimensions: Dimensions,
): void {
  for (const [name, value] of Object.entries(dimensions)) sink.addDimension(name, value);
}

/** CloudWatch metrics written as log lines, with no dimensions but those that are added. */
export function defaultMetrics(): InboxMetricsSink {
  const metrics = new Metrics({ namespace: metricNamespace });
  // Powertools adds the service's name, which alarms on an inbox would have to guess.
  metrics.clearDefaultDimensions();
  return metrics;
}
