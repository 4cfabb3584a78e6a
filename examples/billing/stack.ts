import { CfnOutput, RemovalPolicy, Stack, type StackProps } from 'aws-cdk-lib';
import type { EventBus } from 'aws-cdk-lib/aws-events';
import { Destination, Inbox, Outbox } from 'cdk-outbox';
import type { Construct } from 'constructs';

import { OrderPlaced } from '../shared/events.ts';
import { outputInbox, outputOutbox } from '../shared/outputs.ts';
import { ServiceFunction } from '../shared/service-function.ts';
import { ServiceTable } from '../shared/service-table.ts';

export interface BillingStackProps extends StackProps {
  readonly bus: EventBus;
}

/** Puts each order on its customer's account, and tells the bus of the invoice. */
export class BillingStack extends Stack {
  constructor(scope: Construct, id: string, { bus, ...props }: BillingStackProps) {
    super(scope, id, props);
    const accounts = new ServiceTable(this, 'Accounts');
    const outbox = new Outbox(this, 'Outbox', {
      source: 'billing',
      destination: Destination.eventBus(bus),
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const billOrder = new ServiceFunction(this, 'BillOrder', {
      entry: 'billing/bill-order.ts',
      environment: { ACCOUNTS_TABLE: accounts.tableName },
    });
    accounts.grantWriteData(billOrder);
    const inbox = new Inbox(this, 'Inbox', {
      inboxName: 'billing',
      from: bus,
      events: [OrderPlaced.type],
      handler: billOrder,
      outbox,
      removalPolicy: RemovalPolicy.DESTROY,
    });

    new CfnOutput(this, 'AccountsTable', { value: accounts.tableName });
    outputOutbox(this, outbox);
    outputInbox(this, inbox);
  }
}
