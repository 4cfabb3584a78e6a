import { CfnOutput, RemovalPolicy, Stack, type StackProps } from 'aws-cdk-lib';
import { HttpApi, HttpMethod } from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import type { EventBus } from 'aws-cdk-lib/aws-events';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Destination, Inbox, Outbox } from 'cdk-outbox';
import type { Construct } from 'constructs';

import { InvoiceCreated, OrderPlaced } from '../shared/events.ts';
import { outputInbox, outputOutbox } from '../shared/outputs.ts';
import { ServiceFunction } from '../shared/service-function.ts';
import { ServiceTable } from '../shared/service-table.ts';

export interface OrdersStackProps extends StackProps {
  readonly bus: EventBus;
  /** The queue of the warehouse. */
  readonly warehouse: IQueue;
}

/** Takes orders over HTTP, tells the bus and the warehouse of them, and hears from billing. */
export class OrdersStack extends Stack {
  constructor(scope: Construct, id: string, { bus, warehouse, ...props }: OrdersStackProps) {
    super(scope, id, props);
    const orders = new ServiceTable(this, 'Orders');
    const outbox = new Outbox(this, 'Outbox', {
      source: 'orders',
      destinations: [
        Destination.eventBus(bus),
        Destination.queue(warehouse, { types: [OrderPlaced.type] }),
      ],
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const placeOrder = this.function('PlaceOrder', 'place-order', orders);
    const getOrder = this.function('GetOrder', 'get-order', orders);
    const noteInvoice = this.function('NoteInvoice', 'note-invoice', orders);
    orders.grantWriteData(placeOrder);
    orders.grantReadData(getOrder);
    orders.grantWriteData(noteInvoice);
    outbox.grantWrite(placeOrder);
    const inbox = new Inbox(this, 'Inbox', {
      inboxName: 'orders',
      from: bus,
      events: [InvoiceCreated.type],
      handler: noteInvoice,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const api = this.api({ placeOrder, getOrder });

    new CfnOutput(this, 'ApiId', { value: api.apiId });
    new CfnOutput(this, 'ApiUrl', { value: api.apiEndpoint });
    new CfnOutput(this, 'OrdersTable', { value: orders.tableName });
    outputOutbox(this, outbox);
    outputInbox(this, inbox);
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
