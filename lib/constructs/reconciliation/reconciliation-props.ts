import { Duration } from 'aws-cdk-lib';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { ScheduleExpression } from 'aws-cdk-lib/aws-scheduler';

import type { ReconciliationMode } from '../../table/reconciliation.ts';
import { alarmDefaults, type AlarmProps } from '../shared/alarm-props.ts';
import type { WithDefaults } from '../shared/defaults.ts';
import type { Inbox } from '../inbox/inbox.ts';
import type { Outbox } from '../outbox/outbox.ts';

/** Properties of a {@link Reconciliation}. */
export interface ReconciliationProps extends AlarmProps {
  /** The outbox whose events are compared. */
  readonly outbox: Outbox;

  /**
   * The function that compares, written with `createReconciliation`. It gets rights to read the outbox and the
   * inboxes' tables; to your own items you give it access. A minute suffices for a day of moderate traffic.
   */
  readonly handler: IFunction;

  /**
   * The inboxes that should know the events that were delivered to them.
   *
   * @default - deliveries are not looked at
   */
  readonly inboxes?: readonly Inbox[];

  /**
   * `report` tells; `mend` also writes missing events, and sends events again to the queue of an inbox that does
   * not know them. Begin with reports: a wrong expectation would write events that never happened.
   *
   * @default 'report'
   */
  readonly mode?: ReconciliationMode;

  /**
   * How far back each run looks: 1 hour to 2 days. Make it twice the time between runs, so that one which fails or runs
   * out of time is made up for by the next.
   *
   * Each minute of it costs a read for each shard of a page.
   *
   * @default Duration.hours(48), two runs of the default schedule
   */
  readonly window?: Duration;

  /**
   * When it runs.
   *
   * @default ScheduleExpression.rate(Duration.days(1))
   */
  readonly schedule?: ScheduleExpression;
}

/** What a reconciliation does where its props say nothing. */
export const reconciliationDefaults = {
  inboxes: [],
  mode: 'report',
  window: Duration.hours(48),
  schedule: ScheduleExpression.rate(Duration.days(1)),
  ...alarmDefaults,
} as const satisfies Partial<ReconciliationProps>;

/** A reconciliation's props with everything said. */
export type ReconciliationSettings = WithDefaults<
  ReconciliationProps,
  typeof reconciliationDefaults
>;
