import { Duration, Stack } from 'aws-cdk-lib';
import { Metric, type MetricOptions } from 'aws-cdk-lib/aws-cloudwatch';
import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import { Grant, type IGrantable } from 'aws-cdk-lib/aws-iam';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { Schedule } from 'aws-cdk-lib/aws-scheduler';
import { LambdaInvoke } from 'aws-cdk-lib/aws-scheduler-targets';
import { Construct } from 'constructs';

import { metricNamespace } from '../../core/inbox-metrics.ts';
import {
  maxWindowMs,
  reconciliationDimensions,
  reconciliationMetrics,
  reconciliationToEnvironment,
} from '../../table/reconciliation.ts';
import { keyPatterns } from '../../table/keys.ts';
import { checkDuration, checkGiven } from '../shared/check.ts';
import { claim } from '../shared/claim.ts';
import { withDefaults } from '../shared/defaults.ts';
import { ReconciliationAlarms } from './reconciliation-alarms.ts';
import { consumerOf } from './reconciliation-consumers.ts';
import {
  reconciliationDefaults,
  type ReconciliationProps,
  type ReconciliationSettings,
} from './reconciliation-props.ts';
import { grantSend } from '../shared/secure-queue.ts';
import { grantRows } from '../shared/table-grants.ts';
import { configureFunction } from '../shared/user-function.ts';

/**
 * A scheduled comparison of what should be with what is: business items with the events that were written with
 * them, and events that were delivered with what their inboxes know.
 *
 * The handler is written with `createReconciliation` of `cdk-outbox/runtime`. What it finds is in its log and its
 * metrics, and an alarm rings until a run finds nothing. It changes nothing unless its `mode` is `mend`.
 */
export class Reconciliation extends Construct {
  readonly handler: IFunction;
  readonly #dimensions: Readonly<Record<string, string>>;

  constructor(scope: Construct, id: string, props: ReconciliationProps) {
    super(scope, id);
    checkGiven(this, props, {
      outbox: 'give the Outbox whose events are compared',
      handler: 'give the Lambda function that reconciles',
    });
    const settings = withDefaults(props, reconciliationDefaults);
    checkDuration(this, {
      name: 'window',
      value: settings.window,
      min: Duration.hours(1),
      max: Duration.millis(maxWindowMs),
    });
    this.handler = settings.handler;
    this.#dimensions = reconciliationDimensions({
      name: this.node.path,
      tableName: settings.outbox.table.tableName,
    });
    const own = configureFunction(this, {
      ...{ role: 'handler', function: this.handler, environment: this.environmentFor(settings) },
      imported: 'create the Reconciliation in the app that defines the function',
    });
    claim(own, {
      name: 'reconciliation',
      owner: this,
      reason: 'a function reconciles one outbox, which its environment names',
    });
    grantReconciling(settings);
    new Schedule(this, 'Schedule', {
      description: `Reconciles ${settings.outbox.source}`,
      schedule: settings.schedule,
      // The next run looks at the same time again.
      target: new LambdaInvoke(this.handler, { retryAttempts: 0 }),
    });
    if (settings.alarms) {
      new ReconciliationAlarms(this, 'Alarms', {
        reconciliation: this,
        topic: settings.alarmTopic,
      });
    }
  }

  /** Business items whose event is not there, in the last run: the highest of 5 minutes. */
  metricMissing(props: MetricOptions = {}): Metric {
    return this.gauge(reconciliationMetrics.missing, props);
  }

  /** Events that were delivered and are unknown to an inbox, in the last run: the highest of 5 minutes. */
  metricUnknown(props: MetricOptions = {}): Metric {
    return this.gauge(reconciliationMetrics.unknown, props);
  }

  /** Runs that failed in 5 minutes: they found nothing out. */
  metricFailed(props: MetricOptions = {}): Metric {
    return this.handler.metricErrors(props);
  }

  private gauge(metricName: string, props: MetricOptions): Metric {
    return new Metric({
      namespace: metricNamespace,
      metricName,
      dimensionsMap: { ...this.#dimensions },
      statistic: 'Maximum',
      ...props,
    }).attachTo(this);
  }

  private environmentFor(settings: ReconciliationSettings): Record<string, string> {
    const { outbox, inboxes, mode, window } = settings;
    const consumers = inboxes.map((inbox) => consumerOf(this, outbox, inbox));
    return reconciliationToEnvironment(
      {
        name: this.node.path,
        tableName: outbox.table.tableName,
        shards: outbox.shards,
        source: outbox.source,
        windowMs: window.toMilliseconds(),
        ...{ mode, consumers },
      },
      (value) => Stack.of(this).toJsonString(value),
    );
  }
}

/** It reads by key, and writes and sends only where it is to mend. */
function grantReconciling({ handler, outbox, inboxes, mode }: ReconciliationSettings): void {
  grantReading(outbox.table, handler, ['BatchGetItem', 'Query']);
  for (const { table } of inboxes) grantReading(table, handler, ['BatchGetItem', 'Query']);
  if (mode !== 'mend') return;
  outbox.grantWrite(handler);
  // Its lease, so that one run at a time writes.
  grantRows(outbox.table, handler, [
    { actions: ['DeleteItem', 'GetItem', 'PutItem', 'UpdateItem'], keys: [keyPatterns.notes] },
  ]);
  for (const { queue } of inboxes) grantSend(queue, handler);
}

function grantReading(table: ITable, grantee: IGrantable, actions: readonly string[]): void {
  table.encryptionKey?.grant(grantee, 'kms:Decrypt', 'kms:DescribeKey');
  Grant.addToPrincipal({
    grantee,
    actions: actions.map((action) => `dynamodb:${action}`),
    resourceArns: [table.tableArn],
  });
}
