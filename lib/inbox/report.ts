import { inboxMetrics, type InboxMetric } from '../core/metrics.ts';
import type { LogFields } from '../core/ports.ts';
import type { Delivery, Outcome, Rejected } from './delivery.ts';
import { errorFields, type MessageLog, type Tally } from './log.ts';

/** How an outcome is told. */
interface Telling {
  readonly level: keyof MessageLog;
  readonly text: string;
  readonly metric?: InboxMetric;
}

const tellings: Readonly<Record<Outcome['status'], Telling>> = {
  handled: { level: 'debug', text: 'message handled', metric: inboxMetrics.handled },
  duplicate: {
    level: 'info',
    text: 'message was handled before, or passed over: acknowledged without effect',
    metric: inboxMetrics.duplicates,
  },
  skipped: { level: 'debug', text: 'skip notice: its sequence passes without an event' },
  passed: { level: 'debug', text: 'no handler: its sequence passes' },
  early: {
    level: 'debug',
    text: 'message came before its turn: it waits in the inbox',
    metric: inboxMetrics.early,
  },
  'in-progress': {
    level: 'info',
    text: 'message in progress in another worker: the queue redelivers it',
    metric: inboxMetrics.inProgress,
  },
  'dead-lettered': {
    level: 'error',
    text: 'message sent to the dead-letter queue',
    metric: inboxMetrics.deadLettered,
  },
  failed: {
    level: 'error',
    text: 'message failed: given back to the queue',
    metric: inboxMetrics.failed,
  },
};

/** Counts the outcome of a delivery, and logs it by its ids. */
export function report(delivery: Delivery, outcome: Outcome, tally: Tally): void {
  const { level, text, metric } = tellings[outcome.status];
  if (metric !== undefined) tally.count(metric);
  delivery.log[level](text, detailsOf(outcome, delivery));
}

/** Logs how a message ended after its timeout. Its earlier log lines and the queue have it as failed. */
export function reportLate(delivery: Delivery, outcome: Outcome | Rejected): void {
  const { status } = outcome;
  delivery.log.warn('message ended after its handler timeout', {
    outcome: status,
    ...detailsOf(outcome, delivery),
  });
}

function detailsOf(outcome: Outcome | Rejected, { errorLogging }: Delivery): LogFields {
  if (outcome.status === 'failed') return errorFields(outcome.error, errorLogging);
  return 'rejection' in outcome ? { ...outcome.rejection } : {};
}
