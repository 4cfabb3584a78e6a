import { Duration } from 'aws-cdk-lib';
import {
  ComparisonOperator,
  TreatMissingData,
  type Metric,
  type MetricOptions,
} from 'aws-cdk-lib/aws-cloudwatch';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Construct, type IConstruct } from 'constructs';

import { addAlarms } from '../shared/alarms.ts';
import { commandsFor } from '../outbox/alarms.ts';

/** What the alarms of an archive watch. */
export interface ArchiveAlarmsProps {
  readonly outbox: ArchivedOutbox;
  readonly archiver: { metricErrors(props?: MetricOptions): Metric };
  readonly retention: Duration;
  readonly topic: ITopic | undefined;
}

/** An outbox that is archived, and what its alarms call it. */
export interface ArchivedOutbox extends IConstruct {
  readonly source: string;
  metricUnarchivedAge(props?: MetricOptions): Metric;
}

const everyRun = { period: Duration.hours(1) };
const evaluationPeriods = 3;
const comparisonOperator = ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD;

/** The alarms of an archive, each over periods of an hour. They go off while there is time to fix it. */
export class ArchiveAlarms extends Construct {
  constructor(
    scope: Construct,
    id: string,
    { outbox, archiver, retention, topic }: ArchiveAlarmsProps,
  ) {
    super(scope, id);
    const firstCommand = commandsFor(outbox)('doctor');
    const { source } = outbox;
    const rules = {
      ArchiverFailing: {
        metric: archiver.metricErrors(everyRun),
        threshold: 1,
        evaluationPeriods,
        comparisonOperator,
        treatMissingData: TreatMissingData.NOT_BREACHING,
        meaning: `The archiver of ${source} has been failing for three hours; its log says why. Nothing is lost as long as it succeeds before entries expire.`,
        firstCommand,
      },
      ArchiveBehind: {
        metric: outbox.metricUnarchivedAge(everyRun),
        // An hour is archived when it is a little more than a day old, and there are three days at least.
        threshold: retention.toMilliseconds() / 2,
        evaluationPeriods,
        comparisonOperator,
        treatMissingData: TreatMissingData.BREACHING,
        meaning: `The archiver of ${source} does not run, or is so far behind that half of the retention of ${retention.toHumanString()} has passed: what expires before it is archived cannot be replayed any more. Delivery does not depend on it.`,
        firstCommand,
      },
    };
    addAlarms(this, rules, topic);
  }
}
