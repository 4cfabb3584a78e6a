import { Duration, Stack } from 'aws-cdk-lib';
import {
  ComparisonOperator,
  Metric,
  TreatMissingData,
  type MetricOptions,
} from 'aws-cdk-lib/aws-cloudwatch';
import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import { Grant, type IGrantable } from 'aws-cdk-lib/aws-iam';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { Schedule, ScheduleExpression } from 'aws-cdk-lib/aws-scheduler';
import { LambdaInvoke } from 'aws-cdk-lib/aws-scheduler-targets';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Construct, type IConstruct } from 'constructs';

import type { TypeFilter } from '../../core/event-types.ts';
import { metricNamespace } from '../../core/metrics.ts';
import { keyPatterns } from '../../table/keys.ts';
import {
  maxWindowMs,
  reconciliationDimensions,
  reconciliationMetrics,
  reconciliationToEnvironment,
  type ConsumerConfig,
  type ReconciliationMode,
} from '../../table/reconciliation.ts';
import type { Inbox } from '../inbox/inbox.ts';
import { isTopic } from '../inbox/subscription.ts';
import type { Outbox } from '../outbox/outbox.ts';
import { addAlarms, alarmDefaults, type AlarmProps, type AlarmRule } from '../shared/alarms.ts';
import {
  checkDuration,
  checkRequiredProps,
  claim,
  definedOnly,
  fail,
  withDefaults,
  type WithDefaults,
} from '../shared/check.ts';
import { grantSend } from '../shared/queue.ts';
import { grantRows } from '../shared/table-grants.ts';
import { configureFunction } from '../shared/user-function.ts';

/**
 * A scheduled comparison of what should be with what is: business items with the events that were written with
 * them, and events that were delivered with what their inboxes know.
 *
 * The handler is written with `createReconciliation` of `cdk-outbox/runtime`. Its findings are in its log and its
 * metrics, and an alarm stays on until a run finds nothing. It changes nothing unless its `mode` is `repair`.
 */
export class Reconciliation extends Construct {
  readonly handler: IFunction;
  readonly #dimensions: Readonly<Record<string, string>>;

  constructor(scope: Construct, id: string, props: ReconciliationProps) {
    super(scope, id);
    checkRequiredProps(this, props, {
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
  metricMissingEvents(props: MetricOptions = {}): Metric {
    return this.gauge(reconciliationMetrics.missing, props);
  }

  /** Events that were delivered and are unknown to an inbox, in the last run: the highest of 5 minutes. */
  metricUnknownDeliveries(props: MetricOptions = {}): Metric {
    return this.gauge(reconciliationMetrics.unknown, props);
  }

  /** Runs that failed in 5 minutes: they found nothing out. */
  metricErrors(props: MetricOptions = {}): Metric {
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

/** Lets the handler read by key. Only in the mode `repair` may it also write and send. */
function grantReconciling({ handler, outbox, inboxes, mode }: ReconciliationSettings): void {
  grantReading(outbox.table, handler, ['BatchGetItem', 'Query']);
  for (const { table } of inboxes) grantReading(table, handler, ['BatchGetItem', 'Query']);
  if (mode !== 'repair') return;
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

/**
 * What a reconciliation must know of an inbox that an outbox delivers to: where it is, and which of the
 * outbox's events reach it. Fails on an inbox that takes none of them.
 */
export function consumerOf(scope: IConstruct, outbox: Outbox, inbox: Inbox): ConsumerConfig {
  const { inboxName, table, queue, events, source, isOrdered } = inbox;
  if (source !== undefined && source !== outbox.source) {
    fail(
      scope,
      `inbox ${inbox.node.path} takes events of the source ${source} only, and the outbox's is ${outbox.source}: leave it out`,
    );
  }
  return {
    ...{ inbox: inboxName, tableName: table.tableName, queueUrl: queue.queueUrl },
    ...definedOnly({ sent: sentTypes(outbox, inbox), types: events }),
    ...(isOrdered ? { isOrdered } : {}),
  };
}

/**
 * The types that the outbox delivers to where the inbox has its messages from; `undefined` for every type, also
 * where they come by a way that is not known here, such as from one bus to another.
 */
function sentTypes({ destinations }: Outbox, inbox: Inbox): TypeFilter | undefined {
  const origins = originsOf(inbox);
  const filters = destinations
    .filter(({ config }) => origins.includes(config.target))
    .map(({ config }) => config.types);
  if (filters.length === 0) return undefined;
  return filters.flatMap((types) => types ?? ['*']);
}

/** What a destination that feeds the inbox has as its target: its queue, or what the queue is subscribed to. */
function originsOf({ queue, from }: Inbox): string[] {
  if (from === undefined) return [queue.queueUrl];
  return [queue.queueUrl, isTopic(from) ? from.topicArn : from.eventBusRef.eventBusArn];
}

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
   * `report` only reports. `repair` also writes missing events, and resends events to the queue of an inbox that
   * does not know them. Start with `report`: a wrong expectation would write events that never happened.
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
const reconciliationDefaults = {
  inboxes: [],
  mode: 'report',
  window: Duration.hours(48),
  schedule: ScheduleExpression.rate(Duration.days(1)),
  ...alarmDefaults,
} as const satisfies Partial<ReconciliationProps>;

/** A reconciliation's props with everything said. */
type ReconciliationSettings = WithDefaults<ReconciliationProps, typeof reconciliationDefaults>;

/** What a reconciliation measures. */
export interface ReconciliationMetrics extends IConstruct {
  metricMissingEvents(): Metric;
  metricUnknownDeliveries(): Metric;
  metricErrors(): Metric;
}

/** What the alarms of a reconciliation watch. */
export interface ReconciliationAlarmsProps {
  readonly reconciliation: ReconciliationMetrics;
  readonly topic: ITopic | undefined;
}

/** The alarms of a reconciliation: one finding is enough. Between runs they stay as the last one left them. */
class ReconciliationAlarms extends Construct {
  constructor(scope: Construct, id: string, { reconciliation, topic }: ReconciliationAlarmsProps) {
    super(scope, id);
    addAlarms(this, rulesOf(reconciliation), topic);
  }
}

function rulesOf(reconciliation: ReconciliationMetrics): Record<string, AlarmRule> {
  const { path } = reconciliation.node;
  return {
    MissingEvents: {
      ...anyOf(reconciliation.metricMissingEvents(), TreatMissingData.IGNORE),
      meaning: `Reconciliation ${path} found business items whose event was not written; its log names them.`,
      firstCommand: 'npx outbox show <aggregate>',
    },
    UnknownDeliveries: {
      ...anyOf(reconciliation.metricUnknownDeliveries(), TreatMissingData.IGNORE),
      meaning: `Reconciliation ${path} found events that were delivered and that an inbox does not know; its log names them.`,
      firstCommand: 'npx outbox inbox ls',
    },
    Failing: {
      ...anyOf(reconciliation.metricErrors(), TreatMissingData.NOT_BREACHING),
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
