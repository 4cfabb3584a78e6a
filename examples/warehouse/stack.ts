import { CfnOutput, RemovalPolicy, Stack, type StackProps } from 'aws-cdk-lib';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Inbox } from 'cdk-outbox';
import type { Construct } from 'constructs';

import { outputInbox } from '../shared/outputs.ts';
import { ServiceFunction } from '../shared/service-function.ts';
import { ServiceTable } from '../shared/service-table.ts';

/** Reserves stock for each order. It needs no bus: the orders service sends straight to its queue. */
export class WarehouseStack extends Stack {
  /** Where to send orders. */
  readonly queue: IQueue;

  constructor(scope: Construct, id: string, props?: StackProps) {
    super(scope, id, props);
    const stock = new ServiceTable(this, 'Stock');
    const reserveStock = new ServiceFunction(this, 'ReserveStock', {
      entry: 'warehouse/reserve-stock.ts',
      environment: { STOCK_TABLE: stock.tableName },
    });
    stock.grantWriteData(reserveStock);
    const inbox = new Inbox(this, 'Inbox', {
      inboxName: 'warehouse',
      handler: reserveStock,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    this.queue = inbox.queue;

    new CfnOutput(this, 'StockTable', { value: stock.tableName });
    outputInbox(this, inbox);
  }
}
