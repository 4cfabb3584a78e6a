import { Duration, Token } from 'aws-cdk-lib';
import {
  ComparisonOperator,
  Metric,
  TreatMissingData,
  type MetricOptions,
} from 'aws-cdk-lib/aws-cloudwatch';
import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import type { IEventBusRef } from 'aws-cdk-lib/aws-events';
import type { Grant, IGrantable } from 'aws-cdk-lib/aws-iam';
import { Schedule, ScheduleExpression, ScheduleTargetInput } from 'aws-cdk-lib/aws-scheduler';
import { LambdaInvoke } from 'aws-cdk-lib/aws-scheduler-targets';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Construct, type IConstruct } from 'constructs';

import { isEventType, matchesType } from '../../core/event-types.ts';
import { limits } from '../../core/limits.ts';
import { metricNamespace } from '../../core/metrics.ts';
import {
  deadlineType,
  sagaDimensions,
  sagaKeyPrefix,
  sagaMetrics,
  sagaToEnvironment,
  type SagaCheck,
} from '../../table/saga.ts';
import { Inbox } from '../inbox/inbox.ts';
import { inboxDefaults, type InboxProps } from '../inbox/props.ts';
import { isFifoOrigin, isTopic, subscribeToBus, subscribeToTopic } from '../inbox/subscription.ts';
import type { IOutbox } from '../outbox/outbox.ts';
import { addAlarms } from '../shared/alarms.ts';
import { checkRequiredProps, cutTo, definedOnly, fail, withDefaults } from '../shared/check.ts';
import {
  grantLookAtSagas,
  grantQuerySagas,
  grantRows,
  keysThatBeginWith,
} from '../shared/table-grants.ts';
import { createSagaTable } from '../shared/tables.ts';
import { configureFunction } from '../shared/user-function.ts';

/** What the type of the props does not allow, and JavaScript does. */
function checkUnordered(scope: IConstruct, props: object): void {
  if (!('ordered' in props) || props.ordered === false || props.ordered === undefined) return;
  fail(
    scope,
    'a saga cannot be ordered: its deadlines have no sequence and would all be dead-lettered. Leave ordered out',
  );
}

/** The deadlines of a saga are events whose type begins with its name. */
function checkSagaName(scope: IConstruct, name: string): void {
  if (Token.isUnresolved(name) || isEventType(deadlineType(name))) return;
  fail(
    scope,
    `sagaName must begin an event type, such as fulfilment for ${deadlineType('fulfilment')} of at most ${limits.eventBus.maxTypeChars} characters, got ${JSON.stringify(name)}: give it and defineSaga another name`,
  );
}

/** How often the handler is invoked to look for overdue sagas. */
const checkEvery = Duration.minutes(5);

/**
 * A saga: an inbox whose handler keeps a state for each process that it runs, in a table of its own, and to which
 * its own outbox brings its deadlines back.
 *
 * The handler is written with `defineSaga` and `createSaga` of `cdk-outbox/runtime`. Every five minutes it is
 * invoked to count the sagas that are overdue, which an alarm watches.
 *
 * ```ts
 * new Saga(this, 'Fulfilment', {
 *   sagaName: 'fulfilment', handler, outbox, from: bus, events: fulfilment.types,
 * });
 * ```
 *
 * Changing the construct's id, or moving it, replaces queue and table: the sagas that run are forgotten.
 */
export class Saga extends Construct {
  readonly inbox: Inbox;
  /** Holds the sagas, and what the inbox handled. */
  readonly table: ITable;
  readonly #inboxName: string;
  readonly #sagaName: string;

  constructor(scope: Construct, id: string, props: SagaProps) {
    super(scope, id);
    checkRequiredProps(this, props, {
      sagaName: "give the name that defineSaga has, such as 'fulfilment'",
      handler: 'give the Lambda function that runs the saga',
      outbox: 'give the Outbox that the saga emits to',
    });
    checkUnordered(this, props);
    checkSagaName(this, props.sagaName);
    const settings = withDefaults(props, inboxDefaults);
    this.#sagaName = props.sagaName;
    this.#inboxName = props.inboxName ?? this.node.path;
    this.table = createSagaTable(this, settings);
    this.inbox = new Inbox(this, 'Inbox', {
      ...props,
      ...definedOnly({ events: eventsOf(props) }),
      inboxName: this.#inboxName,
      table: this.table,
    });
    subscribeToDeadlines(this, props, this.inbox);
    this.connect(props);
    if (settings.alarms) this.addAlarms(settings.alarmTopic);
  }

  /**
   * Lets a role list sagas and read them, with what the inbox handled: `outbox saga ls` and `saga show`. Finding
   * the tables takes further permissions, which `docs/iam.md` lists.
   */
  grantRead(grantee: IGrantable): Grant {
    return grantLookAtSagas(this.table, grantee);
  }

  /**
   * Sagas that should have finished, or been compensated, and have not: the highest of 5 minutes.
   *
   * The handler counts them every 5 minutes.
   */
  metricOverdue(props: MetricOptions = {}): Metric {
    return this.metric(sagaMetrics.overdue, { statistic: 'Maximum', ...props });
  }

  /** Events that came for sagas that had finished or were being compensated, in 5 minutes. */
  metricLateEvents(props: MetricOptions = {}): Metric {
    return this.metric(sagaMetrics.late, { statistic: 'Sum', ...props });
  }

  private metric(metricName: string, props: MetricOptions): Metric {
    return new Metric({
      namespace: metricNamespace,
      metricName,
      dimensionsMap: {
        ...sagaDimensions({
          name: this.#sagaName,
          inboxName: this.#inboxName,
          tableName: this.table.tableName,
        }),
      },
      ...props,
    }).attachTo(this);
  }

  private connect({ handler, sagaName }: SagaProps): void {
    const environment = sagaToEnvironment({ name: sagaName, tableName: this.table.tableName });
    configureFunction(this, {
      ...{ role: 'handler', function: handler, environment },
      imported: 'create the Saga in the app that defines the function',
    });
    grantQuerySagas(this.table, handler);
    grantRows(this.table, handler, [
      { actions: ['GetItem', 'PutItem'], keys: keysThatBeginWith([sagaKeyPrefix(sagaName)]) },
    ]);
    const check: SagaCheck = { sagaCheck: true };
    // Below the handler, not the saga: the stack of the handler then needs the saga's, and never the other way round.
    // Each function of the CDK is a Construct, which its interface does not say.
    const scope: unknown = handler;
    new Schedule(scope as Construct, 'SagaCheck', {
      description: cutTo(
        limits.schedule.maxDescriptionChars,
        `Has saga ${sagaName} look for what is overdue`,
      ),
      schedule: ScheduleExpression.rate(checkEvery),
      target: new LambdaInvoke(handler, {
        input: ScheduleTargetInput.fromObject(check),
        retryAttempts: 0,
        maxEventAge: checkEvery,
      }),
    });
  }

  /** What was not looked for may be there: silence counts as bad news. */
  private addAlarms(topic: ITopic | undefined): void {
    const overdue = {
      metric: this.metricOverdue(),
      threshold: 1,
      evaluationPeriods: 3,
      comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      treatMissingData: TreatMissingData.BREACHING,
      meaning: `Sagas of ${this.#inboxName} are overdue, or overdue sagas have not been counted for 15 minutes.`,
      firstCommand: `npx outbox saga ls ${this.#inboxName}`,
    };
    addAlarms(new Construct(this, 'Alarms'), { SagasOverdue: overdue }, topic);
  }
}

/**
 * Properties of a {@link Saga}: those of its inbox, and its own.
 *
 * It takes events in any order, and is not `ordered`: its deadlines are in no sequence, and it waits for nothing
 * that it has no answer to.
 */
export interface SagaProps extends Omit<InboxProps, 'table' | 'outbox' | 'ordered'> {
  /** The name of the definition that the handler runs. Part of the saga's rows: changing it forgets all sagas. */
  readonly sagaName: string;

  /**
   * The outbox that the saga emits to, and that brings its deadlines back. It must take events of the type
   * `<sagaName>.deadline`, and deliver them to `deadlinesFrom`.
   */
  readonly outbox: IOutbox;

  /**
   * The bus or the topic that the saga's own outbox delivers to, where it is another than `from`.
   *
   * @default - `from`; where there is none, deliver the type `<sagaName>.deadline` with
   * `Destination.queue` to the queue that is given
   */
  readonly deadlinesFrom?: IEventBusRef | ITopic;
}

/** The types that a saga's inbox subscribes to: with its deadlines, where they come by the same subscription. */
function eventsOf(props: SagaProps): readonly string[] | undefined {
  const { events, sagaName } = props;
  const deadline = deadlineType(sagaName);
  if (!comeWithEvents(props)) return events?.filter((type) => type !== deadline);
  return events === undefined || matchesType(events, deadline) ? events : [...events, deadline];
}

/**
 * Has the deadlines of a saga reach its queue where they do not come with its events: from another bus or topic,
 * or from the same bus, by a rule that names their source. Another service may have a saga of the same name there.
 */
function subscribeToDeadlines(scope: Construct, props: SagaProps, inbox: Inbox): void {
  const { from, deadlinesFrom = from, outbox, sagaName } = props;
  const { queue, undeliveredQueue } = inbox;
  if (deadlinesFrom === undefined || comeWithEvents(props) || bringsAll(props)) return;
  if (undeliveredQueue === undefined) {
    fail(scope, 'deadlinesFrom has no effect without from: give the bus or the topic as from');
  }
  const events = [deadlineType(sagaName)];
  inbox.addEvents(...events);
  const deadlines = new Construct(scope, 'Deadlines');
  if (isTopic(deadlinesFrom)) {
    subscribeToTopic(deadlines, deadlinesFrom, { events, queue, undeliveredQueue });
    return;
  }
  if (isFifoOrigin(props)) {
    fail(scope, 'a bus cannot bring deadlines to a FIFO queue: give a FIFO topic as deadlinesFrom');
  }
  const { source } = outbox;
  subscribeToBus(deadlines, deadlinesFrom, { events, source, queue, undeliveredQueue });
}

/** A queue has one subscription to a topic, and a topic does not tell sources apart. */
function comeWithEvents({ from, deadlinesFrom = from, source, outbox }: SagaProps): boolean {
  const isOfSource = isTopic(from) || source === outbox.source;
  return from !== undefined && deadlinesFrom === from && isOfSource;
}

/** Whether the events of everyone that are taken from the bus have the deadlines among them, by a prefix of their type. */
function bringsAll({ from, deadlinesFrom = from, source, events, sagaName }: SagaProps): boolean {
  if (deadlinesFrom !== from || source !== undefined) return false;
  const deadline = deadlineType(sagaName);
  const others = events?.filter((type) => type !== deadline) ?? [];
  return others.some((type) => matchesType([type], deadline));
}
