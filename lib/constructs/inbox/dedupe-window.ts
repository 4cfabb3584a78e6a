import { Duration } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';

import { fail } from '../shared/check.ts';
import type { InboxOrigin } from './inbox-origin.ts';
import { maxQueueRetention } from '../shared/secure-queue.ts';

/** What decides how late a message can come again. */
export interface DedupeWindowProps {
  /** @default - the shortest window that is safe */
  readonly dedupeWindow?: Duration | undefined;
  readonly origin: InboxOrigin;
  readonly outboxRetention: Duration;
  readonly queueRetention: Duration;
}

/**
 * How long an inbox must remember what it handled, in milliseconds: the window that was asked for if
 * it is long enough, and fails otherwise.
 */
export function dedupeWindowMs(scope: IConstruct, props: DedupeWindowProps): number {
  const sources = redeliveries(props);
  const leastDays = Math.ceil(sources.reduce((sum, { days }) => sum + days, 0));
  const asked = props.dedupeWindow;
  if (asked !== undefined && asked.toDays({ integral: false }) < leastDays) {
    const sum = sources.map(({ by, days }) => `${by} ${round(days)}`).join(' + ');
    fail(
      scope,
      `dedupeWindow must be at least ${leastDays} days (${sum}), got ${asked.toHumanString()}: a message that comes again later would be handled again`,
    );
  }
  return (asked ?? Duration.days(leastDays)).toMilliseconds();
}

/** What can bring a message back, and for how long. */
interface Redelivery {
  readonly by: string;
  readonly days: number;
}

/** One after the other, each at its worst: that is how late a second copy of a message can be. */
function redeliveries(props: DedupeWindowProps): Redelivery[] {
  const { origin, outboxRetention, queueRetention } = props;
  const queueDays = queueRetention.toDays({ integral: false });
  return [
    // A sweeper that was off delivers anew what is kept and has no receipt, though it may have arrived.
    { by: 'outbox', days: outboxRetention.toDays({ integral: false }) },
    // What nobody answers for then is tried for a day before it is parked.
    { by: 'its waiting room', days: 1 },
    ...subscriptionRedeliveries[origin],
    { by: 'queue', days: queueDays },
    { by: 'dead-letter queue', days: maxQueueRetention.toDays() },
    { by: 'queue after a redrive', days: queueDays },
  ];
}

const undelivered: Redelivery = { by: 'undelivered queue', days: maxQueueRetention.toDays() };

const subscriptionRedeliveries: Record<InboxOrigin, readonly Redelivery[]> = {
  outbox: [],
  /** https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-retry-policy.html */
  bus: [{ by: 'retries of the bus', days: 1 }, undelivered],
  /** https://docs.aws.amazon.com/sns/latest/dg/sns-message-delivery-retries.html */
  topic: [{ by: 'retries of the topic', days: 23 }, undelivered],
};

function round(days: number): number {
  return Math.round(days * 100) / 100;
}
