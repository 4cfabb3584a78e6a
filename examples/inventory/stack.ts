import { CfnOutput, RemovalPolicy, Stack, type StackProps } from 'aws-cdk-lib';
import type { EventBus } from 'aws-cdk-lib/aws-events';
import { Destination, Inbox, Outbox } from 'cdk-outbox';
import type { Construct } from 'constructs';

import { outputInbox, outputOutbox } from '../shared/outputs.ts';
import { ServiceFunction } from '../shared/service-function.ts';
import { ServiceTable } from '../shared/service-table.ts';

export interface InventoryStackProps extends StackProps {
  readonly bus: EventBus;
}

/** Reserves stock for orders, and frees it when they are cancelled. */
export class InventoryStack extends Stack {
  constructor(scope: Construct, id: string, { bus, ...props }: InventoryStackProps) {
    super(scope, id, props);
    const stock = new ServiceTable(this, 'Stock');
    const outbox = new Outbox(this, 'Outbox', {
      source: 'inventory',
      destination: Destination.eventBus(bus),
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const handleOrders = new ServiceFunction(this, 'HandleOrders', {
      entry: 'inventory/handle-orders.ts',
      environment: { STOCK_TABLE: stock.tableName },
    });
    stock.grant(
      handleOrders,
      ...['GetItem', 'PutItem', 'UpdateItem', 'DeleteItem'].map((action) => `dynamodb:${action}`),
    );
    const inbox = new Inbox(this, 'Inbox', {
      inboxName: 'inventory',
      from: bus,
      source: 'orders',
      // All events of an order: a consumer that handles a history in sequence must not miss a part of it.
      events: ['order.*'],
      ordered: true,
      handler: handleOrders,
      outbox,
      removalPolicy: RemovalPolicy.DESTROY,
    });

    new CfnOutput(this, 'StockTable', { value: stock.tableName });
    outputOutbox(this, outbox);
    outputInbox(this, inbox);
  }
}
