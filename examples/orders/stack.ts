import { CfnOutput, Duration, RemovalPolicy, Stack, type StackProps } from 'aws-cdk-lib';
import { HttpApi, HttpMethod } from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import { AttributeType } from 'aws-cdk-lib/aws-dynamodb';
import type { EventBus } from 'aws-cdk-lib/aws-events';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { Destination, Outbox, Reconciliation, Saga, type Inbox } from 'cdk-outbox';
import type { Construct } from 'constructs';

import { OrderFulfilled } from '../shared/events.ts';
import { outputInbox, outputOutbox } from '../shared/outputs.ts';
import { ServiceFunction } from '../shared/service-function.ts';
import { ServiceTable } from '../shared/service-table.ts';
import { fulfilment } from './fulfilment.ts';
import { byDay } from './order.ts';

export interface OrdersStackProps extends StackProps {
  readonly bus: EventBus;
  /** Takes what is fulfilled. */
  readonly warehouse: Inbox;
}

interface FulfilmentProps {
  readonly bus: EventBus;
  readonly outbox: Outbox;
  readonly orders: ServiceTable;
}

interface ReconciliationParts {
  readonly outbox: Outbox;
  readonly orders: ServiceTable;
  readonly inboxes: readonly Inbox[];
}

/** Takes orders over HTTP, and sees them through: payment, then stock, or nothing of either. */
export class OrdersStack extends Stack {
  constructor(scope: Construct, id: string, { bus, warehouse, ...props }: OrdersStackProps) {
    super(scope, id, props);
    const orders = ordersTable(this);
    const outbox = new Outbox(this, 'Outbox', {
      source: 'orders',
      destinations: [
        Destination.eventBus(bus),
        Destination.queue(warehouse.queue, { events: [OrderFulfilled.type] }),
      ],
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const placeOrder = this.function('PlaceOrder', 'place-order', orders);
    orders.grant(placeOrder, 'dynamodb:PutItem');
    outbox.grantWrite(placeOrder);
    const getOrder = this.function('GetOrder', 'get-order', orders);
    orders.grant(getOrder, 'dynamodb:GetItem');
    const api = this.api({ placeOrder, getOrder });
    const saga = this.fulfilment({ bus, outbox, orders });
    const reconcile = this.reconciliation({ outbox, orders, inboxes: [saga.inbox, warehouse] });

    new CfnOutput(this, 'ApiId', { value: api.apiId });
    new CfnOutput(this, 'ApiUrl', { value: api.apiEndpoint });
    new CfnOutput(this, 'OrdersTable', { value: orders.tableName });
    new CfnOutput(this, 'ReconcileFunction', { value: reconcile.functionName });
    outputOutbox(this, outbox);
    outputInbox(this, saga.inbox);
  }

  private fulfilment({ bus, outbox, orders }: FulfilmentProps): Saga {
    const fulfilOrder = this.function('FulfilOrder', 'fulfil-order', orders);
    orders.grant(fulfilOrder, 'dynamodb:UpdateItem');
    return new Saga(this, 'Fulfilment', {
      sagaName: fulfilment.name,
      inboxName: 'orders',
      from: bus,
      events: fulfilment.eventTypes,
      handler: fulfilOrder,
      outbox,
      removalPolicy: RemovalPolicy.DESTROY,
    });
  }

  private reconciliation({ outbox, orders, inboxes }: ReconciliationParts): IFunction {
    const handler = new ServiceFunction(this, 'Reconcile', {
      entry: 'orders/reconcile.ts',
      environment: { ORDERS_TABLE: orders.tableName },
      timeout: Duration.minutes(5),
    });
    orders.grant(handler, 'dynamodb:Query');
    new Reconciliation(this, 'Reconciliation', { outbox, inboxes, handler, mode: 'repair' });
    return handler;
  }

  private function(id: string, file: string, orders: ServiceTable): ServiceFunction {
    return new ServiceFunction(this, id, {
      entry: `orders/${file}.ts`,
      environment: { ORDERS_TABLE: orders.tableName },
    });
  }

  private api({ placeOrder, getOrder }: Record<'placeOrder' | 'getOrder', IFunction>): HttpApi {
    const api = new HttpApi(this, 'Api');
    api.addRoutes({
      path: '/orders',
      methods: [HttpMethod.POST],
      integration: new HttpLambdaIntegration('PlaceOrder', placeOrder),
    });
    api.addRoutes({
      path: '/orders/{id}',
      methods: [HttpMethod.GET],
      integration: new HttpLambdaIntegration('GetOrder', getOrder),
    });
    return api;
  }
}

/** Orders by id, and by the day when they were placed. */
function ordersTable(scope: Construct): ServiceTable {
  const orders = new ServiceTable(scope, 'Orders');
  orders.addGlobalSecondaryIndex({
    indexName: byDay.indexName,
    partitionKey: { name: byDay.partitionKey, type: AttributeType.STRING },
    sortKey: { name: byDay.sortKey, type: AttributeType.STRING },
  });
  return orders;
}
