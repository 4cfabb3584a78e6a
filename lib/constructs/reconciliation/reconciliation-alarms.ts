import { ComparisonOperator, TreatMissingData, type Metric } from 'aws-cdk-lib/aws-cloudwatch';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Construct, type IConstruct } from 'constructs';

import { addAlarms, type AlarmRule } from '../shared/alarms.ts';

/** What a reconciliation measures. */
export interface ReconciliationMetrics extends IConstruct {
  metricMissing(): Metric;
  metricUnknown(): Metric;
  metricFailed(): Metric;
}

/** What the alarms of a reconciliation watch. */
export interface ReconciliationAlarmsProps {
  readonly reconciliation: ReconciliationMetrics;
  readonly topic: ITopic | undefined;
}

/** The alarms of a reconciliation: one finding is enough. Between runs they stay as the last one left them. */
export class ReconciliationAlarms extends Construct {
  constructor(scope: Construct, id: string, { reconciliation, topic }: ReconciliationAlarmsProps) {
    super(scope, id);
    addAlarms(this, rulesOf(reconciliation), topic);
  }
}

function rulesOf(reconciliation: ReconciliationMetrics): Record<string, AlarmRule> {
  const { path } = reconciliation.node;
  return {
    MissingEvents: {
      ...anyOf(reconciliation.metricMissing(), TreatMissingData.IGNORE),
      meaning: `Reconciliation ${path} found business items whose event was not written; its log names them.`,
      firstCommand: 'npx outbox show <aggregate>',
    },
    UnknownDeliveries: {
      ...anyOf(reconciliation.metricUnknown(), TreatMissingData.IGNORE),
      meaning: `Reconciliation ${path} found events that were delivered and that an inbox does not know; its log names them.`,
      firstCommand: 'npx outbox inbox ls',
    },
    Failing: {
      ...anyOf(reconciliation.metricFailed(), TreatMissingData.NOT_BREACHING),
      meaning: `Reconciliation ${path} failed: nothing was compared; its log says why.`,
      firstCommand: 'npx outbox status',
    },
  };
}

function anyOf(
  metric: Metric,
  treatMissingData: TreatMissingData,
): Omit<AlarmRule, 'meaning' | 'firstCommand'> {
  return {
    metric,
    threshold: 1,
    evaluationPeriods: 1,
    comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
    treatMissingData,
  };
}
