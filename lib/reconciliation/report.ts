import type { Entry } from '../table/entry.ts';
import { definedOnly, pickDefined } from '../core/collections.ts';
import {
  reconciliationDimensions,
  reconciliationMetrics,
  type ReconciliationMode,
} from '../table/reconciliation.ts';
import type { OutboxEvent } from '../events/event.ts';
import { addDimensions } from '../inbox/log.ts';
import type { ReconciliationPorts } from './options.ts';
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
  readonly resent: boolean;
}

/** What a reconciliation found, and what it did about it. */
export interface ReconciliationReport extends ReconciliationWindow {
  readonly mode: ReconciliationMode;
  /** Business items' events that were expected, and events that were looked at. */
  readonly expected: number;
  readonly events: number;
  /** How many were found of each. */
  readonly found: { readonly missing: number; readonly unknown: number };
  /** The first 1,000: a function cannot answer with more than 6 MB. The log has all. */
  readonly missing: readonly MissingEvent[];
  /** The first 1,000. */
  readonly unknown: readonly UnknownDelivery[];
}

const mostReported = 1_000;

export function toMissing(event: OutboxEvent, writtenAs: string | undefined): MissingEvent {
  const { type, aggregate, sequence } = event;
  return {
    ...{ type, aggregate },
    ...(typeof sequence === 'number' ? { sequence } : {}),
    ...definedOnly({ writtenAs }),
  };
}

export function toUnknown(entry: Entry, inbox: string, resent: boolean): UnknownDelivery {
  const { id: eventId, type, aggregate } = entry;
  return { inbox, eventId, type, aggregate, resent };
}

/** Tells the log of each finding, and the metrics how many there are, zero included, so that an alarm ends. */
export function tell(
  all: Omit<ReconciliationReport, 'found'>,
  { settings, log, metrics }: Pick<ReconciliationPorts, 'settings' | 'log' | 'metrics'>,
): ReconciliationReport {
  const { missing, unknown } = all;
  const found = { missing: missing.length, unknown: unknown.length };
  for (const one of missing) log.error('a business item has no event', { ...one });
  for (const one of unknown) log.error('a delivered event is unknown to its inbox', { ...one });
  log.info('reconciled', {
    ...pickDefined(all, ['since', 'until', 'mode', 'expected', 'events']),
    ...found,
  });
  addDimensions(metrics, reconciliationDimensions(settings));
  metrics.addMetric(reconciliationMetrics.missing, 'Count', found.missing);
  metrics.addMetric(reconciliationMetrics.unknown, 'Count', found.unknown);
  metrics.publishStoredMetrics();
  return {
    ...{ ...all, found },
    missing: missing.slice(0, mostReported),
    unknown: unknown.slice(0, mostReported),
  };
}
