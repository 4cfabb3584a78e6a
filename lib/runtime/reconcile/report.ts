import { Metrics } from '@aws-lambda-powertools/metrics';

import type { Entry } from '../../contract/entry.ts';
import { metricNamespace } from '../../contract/inbox-metrics.ts';
import { pickDefined } from '../../contract/pick.ts';
import {
  reconciliationDimension,
  reconciliationMetrics,
  type ReconciliationMode,
} from '../../contract/reconciliation.ts';
import type { OutboxEvent } from '../event/event.ts';
import type { InboxMetricsSink } from '../inbox/metrics.ts';
import type { Log } from '../ports.ts';
import type { ReconciliationWindow } from './window.ts';

/** An event that a business item should have, and has not. */
export interface MissingEvent {
  readonly type: string;
  readonly aggregate: string;
  readonly sequence?: number;
  /** The event that was written for it; absent where none was. */
  readonly writtenAs?: string;
}

/** An event that was delivered, and an inbox that does not know it. */
export interface UnknownDelivery {
  readonly inbox: string;
  readonly eventId: string;
  readonly type: string;
  readonly aggregate: string;
  /** Whether it was sent to the inbox again. */
  readonly isSentAgain: boolean;
}

/** What a reconciliation found, and what it did about it. */
export interface ReconciliationReport extends ReconciliationWindow {
  readonly mode: ReconciliationMode;
  /** Business items' events that were expected, and events that were looked at. */
  readonly expected: number;
  readonly events: number;
  readonly missing: readonly MissingEvent[];
  readonly unknown: readonly UnknownDelivery[];
}

export function toMissing(event: OutboxEvent, isWritten: boolean): MissingEvent {
  const { type, aggregate, sequence, id } = event;
  return {
    ...{ type, aggregate },
    ...(typeof sequence === 'number' ? { sequence } : {}),
    ...(isWritten ? { writtenAs: id } : {}),
  };
}

export function toUnknown(entry: Entry, inbox: string, isSentAgain: boolean): UnknownDelivery {
  const { id: eventId, type, aggregate } = entry;
  return { inbox, eventId, type, aggregate, isSentAgain };
}

/** Tells the log and the metrics how many were found, zero included, so that an alarm ends. */
export function tell(
  report: ReconciliationReport,
  { name, log, metrics }: { name: string; log: Log; metrics: InboxMetricsSink },
): void {
  const { missing, unknown } = report;
  log.info('reconciled', {
    ...pickDefined(report, ['from', 'to', 'mode', 'expected', 'events']),
    ...{ missing: missing.length, unknown: unknown.length },
  });
  metrics.addDimension(reconciliationDimension, name);
  metrics.addMetric(reconciliationMetrics.missing, 'Count', missing.length);
  metrics.addMetric(reconciliationMetrics.unknown, 'Count', unknown.length);
  metrics.publishStoredMetrics();
}

/** CloudWatch metrics written as log lines, with the reconciliation's name as their only dimension. */
export function defaultMetrics(): InboxMetricsSink {
  const metrics = new Metrics({ namespace: metricNamespace });
  metrics.clearDefaultDimensions();
  return metrics;
}
