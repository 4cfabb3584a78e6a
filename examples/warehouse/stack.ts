import { CfnOutput, RemovalPolicy, Stack, type StackProps } from 'aws-cdk-lib';
import { Inbox } from 'cdk-outbox';
import type { Construct } from 'constructs';

import { outputInbox } from '../shared/outputs.ts';
import { ServiceFunction } from '../shared/service-function.ts';
import { ServiceTable } from '../shared/service-table.ts';

/** Ships what is fulfilled. It needs no bus: the orders service sends straight to its queue. */
export class WarehouseStack extends Stack {
  /** Takes what is to be shipped. */
  readonly inbox: Inbox;

  constructor(scope: Construct, id: string, props?: StackProps) {
    super(scope, id, props);
    const shipments = new ServiceTable(this, 'Shipments');
    const shipOrder = new ServiceFunction(this, 'ShipOrder', {
      entry: 'warehouse/ship-order.ts',
      environment: { SHIPMENTS_TABLE: shipments.tableName },
    });
    shipments.grant(shipOrder, 'dynamodb:UpdateItem');
    this.inbox = new Inbox(this, 'Inbox', {
      inboxName: 'warehouse',
      handler: shipOrder,
      removalPolicy: RemovalPolicy.DESTROY,
    });

    new CfnOutput(this, 'ShipmentsTable', { value: shipments.tableName });
    outputInbox(this, this.inbox);
  }
}
