import { inboxMetrics } from '../../contract/inbox-metrics.ts';
import type { Delivery, Outcome } from './delivery.ts';
import { errorFields } from './log.ts';
import type { Tally } from './metrics.ts';

/** Counts what became of a delivery, and logs it by its ids. */
export function report({ log }: Delivery, outcome: Outcome, tally: Tally): void {
  switch (outcome.status) {
    case 'handled':
      tally.count(inboxMetrics.handled);
      log.debug('message handled');
      return;
    case 'duplicate':
      tally.count(inboxMetrics.duplicates);
      log.info('message was handled before: acknowledged without effect');
      return;
    case 'skipped':
      log.debug('skip notice: its sequence passes without an event');
      return;
    case 'given-back':
      tally.count(inboxMetrics.givenBack);
      log.info('another worker has the message in hand: given back to the queue');
      return;
    case 'dead-lettered':
      tally.count(inboxMetrics.deadLettered);
      log.error('message can never succeed: sent to the dead-letter queue', {
        ...outcome.rejection,
      });
      return;
    case 'failed':
      tally.count(inboxMetrics.failed);
      log.error('message failed: given back to the queue', errorFields(outcome.error));
  }
}
