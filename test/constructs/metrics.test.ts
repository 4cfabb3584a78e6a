import { Stack, Stage } from 'aws-cdk-lib';
import type { Metric } from 'aws-cdk-lib/aws-cloudwatch';
import { EventBus } from 'aws-cdk-lib/aws-events';
import { describe, expect, it } from 'vitest';

import { observe } from '../../functions/observability.ts';
import {
  archiverFromEnvironment,
  inboxFromEnvironment,
  relayFromEnvironment,
} from '../../lib/core/environment.ts';
import { inboxDimensions, outboxDimensions } from '../../lib/core/metrics.ts';
import {
  reconciliationDimensions,
  reconciliationFromEnvironment,
} from '../../lib/table/reconciliation.ts';
import { sagaDimensions } from '../../lib/table/saga.ts';
import { Destination, Inbox, Outbox, Reconciliation, Saga } from '../../lib/index.ts';
import { environmentOf, testApp, text, userFunction } from './support.ts';

/** Everything that has metrics of its own, under the same names in each stack. */
function shop(stack: Stack) {
  const bus = new EventBus(stack, 'Bus');
  const destination = Destination.eventBus(bus);
  const outbox = new Outbox(stack, 'Outbox', { source: 'orders', destination, archive: true });
  const inbox = new Inbox(stack, 'Billing', {
    ...{ inboxName: 'billing', from: bus, events: ['order.*'], ordered: true },
    handler: userFunction(stack, 'BillOrder'),
  });
  const saga = new Saga(stack, 'Fulfilment', {
    ...{ sagaName: 'fulfilment', inboxName: 'fulfilment', outbox, from: bus, events: ['order.*'] },
    handler: userFunction(stack, 'Fulfil'),
  });
  const check = new Reconciliation(stack, 'Check', {
    ...{ outbox, inboxes: [inbox] },
    handler: userFunction(stack, 'Compare'),
  });
  return { stack, outbox, inbox, saga, check };
}

type Shop = ReturnType<typeof shop>;

/** Each metric of the package's namespace, and the settings of the functions that emit it. */
const metrics: [name: string, of: (shop: Shop) => Metric | undefined, emitted: Emitted][] = [
  ['ParkedBacklog', ({ outbox }) => outbox.metricParkedEntries(), ofOutbox('OutboxRelay')],
  [
    'OldestUnsettledAge',
    ({ outbox }) => outbox.metricOldestUnsettledAge(),
    ofOutbox('OutboxSweeper'),
  ],
  [
    'UnarchivedAge',
    ({ outbox }) => outbox.metricUnarchivedAge(),
    (stack) => outboxDimensions(archiverFromEnvironment(plainEnvironment(stack, 'OutboxArchive'))),
  ],
  ['OpenGaps', ({ inbox }) => inbox.metricOpenGaps(), ofInbox('BillOrder')],
  ['OldestGapAge', ({ inbox }) => inbox.metricOldestGapAge(), ofInbox('BillingGaps')],
  ['SagasOverdue', ({ saga }) => saga.metricOverdue(), ofSaga],
  ['SagaLate', ({ saga }) => saga.metricLateEvents(), ofSaga],
  ['MissingEvents', ({ check }) => check.metricMissingEvents(), ofReconciliation],
  ['UnknownDeliveries', ({ check }) => check.metricUnknownDeliveries(), ofReconciliation],
];

type Emitted = (stack: Stack) => Readonly<Record<string, string>>;

function ofOutbox(id: string): Emitted {
  return (stack) => outboxDimensions(relayFromEnvironment(plainEnvironment(stack, id)));
}

function ofInbox(id: string): Emitted {
  return (stack) => inboxDimensions(inboxFromEnvironment(plainEnvironment(stack, id)));
}

function ofSaga(stack: Stack): Readonly<Record<string, string>> {
  const environment = plainEnvironment(stack, 'Fulfil');
  const { name: inboxName, tableName } = inboxFromEnvironment(environment);
  return sagaDimensions({ name: environment['SAGA_NAME'] ?? '', inboxName, tableName });
}

function ofReconciliation(stack: Stack): Readonly<Record<string, string>> {
  return reconciliationDimensions(
    reconciliationFromEnvironment(plainEnvironment(stack, 'Compare')),
  );
}

/** References as text, JSON included. */
function plainEnvironment(stack: Stack, id: string): Record<string, string> {
  const variables = Object.entries(environmentOf(stack, id));
  return Object.fromEntries(variables.map(([name, value]) => [name, text(value)]));
}

/** A metric's dimensions as CloudFormation would fill them in. */
function deployed({ stack }: Shop, metric: Metric | undefined): Record<string, string> {
  const dimensions = Object.entries(stack.resolve(metric?.dimensions) as Record<string, unknown>);
  return Object.fromEntries(dimensions.map(([name, value]) => [name, text(value)]));
}

const twins = (() => {
  const app = testApp();
  const shops = ['Dev', 'Prod'].map((stage) =>
    shop(new Stack(new Stage(app, stage), 'Orders', { stackName: `orders-${stage}` })),
  );
  return shops as [Shop, Shop];
})();

describe('metrics of the package', () => {
  it.each(metrics)('%s has the dimensions that its functions emit', (_, metricOf, emitted) => {
    const [one] = twins;

    expect(deployed(one, metricOf(one))).toEqual(emitted(one.stack));
  });

  it.each(metrics)('%s is not shared by two stages', (_, metricOf) => {
    const tables = twins.map((one) => {
      const { outbox = '', table = outbox } = one.stack.resolve(metricOf(one)?.dimensions) as {
        outbox?: unknown;
        table?: unknown;
      };
      return table;
    });

    // CloudFormation names a table after its stack, so two stacks never have one table.
    expect(tables).toEqual(Array(2).fill({ Ref: expect.stringMatching(/Table/) as unknown }));
  });

  it('are emitted by relay, sweeper and archiver with source and table', () => {
    const { meter, metrics: emitter } = observe({ source: 'orders', tableName: 'orders-outbox' });

    meter.count('ParkedBacklog', 1);

    expect(emitter.serializeMetrics()).toMatchObject({
      _aws: { CloudWatchMetrics: [{ Dimensions: [['service', 'outbox']] }] },
      ...{ service: 'orders', outbox: 'orders-outbox', ParkedBacklog: 1 },
    });
    emitter.clearMetrics();
  });
});
