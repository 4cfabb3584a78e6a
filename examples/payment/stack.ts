import { CfnOutput, Duration, RemovalPolicy, Stack, type StackProps } from 'aws-cdk-lib';
import type { EventBus } from 'aws-cdk-lib/aws-events';
import { ArnPrincipal } from 'aws-cdk-lib/aws-iam';
import type { Function } from 'aws-cdk-lib/aws-lambda';
import { Destination, Inbox, Outbox } from 'cdk-outbox';
import type { Construct } from 'constructs';

import { PaymentRequested, RefundRequested } from '../shared/events.ts';
import { outputInbox, outputOutbox } from '../shared/outputs.ts';
import { ServiceFunction } from '../shared/service-function.ts';
import { ServiceTable } from '../shared/service-table.ts';

export interface PaymentStackProps extends StackProps {
  readonly bus: EventBus;
  /** The payment provider. */
  readonly provider: Function;
}

/** Takes money for orders and gives it back, once each, though the provider is outside of its transactions. */
export class PaymentStack extends Stack {
  private readonly payments = new ServiceTable(this, 'Payments');
  private readonly outbox: Outbox;

  constructor(scope: Construct, id: string, { bus, provider, ...props }: PaymentStackProps) {
    super(scope, id, props);
    this.outbox = new Outbox(this, 'Outbox', {
      source: 'payment',
      destination: Destination.eventBus(bus),
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const inbox = new Inbox(this, 'Inbox', {
      inboxName: 'payment',
      from: bus,
      source: 'orders',
      events: [PaymentRequested.type, RefundRequested.type],
      handler: this.handleRequests(provider, this.noteCharge(provider)),
      outbox: this.outbox,
      // A provider that does not answer is asked again until the order's deadline.
      maxReceiveCount: 20,
      removalPolicy: RemovalPolicy.DESTROY,
    });

    new CfnOutput(this, 'PaymentsTable', { value: this.payments.tableName });
    outputOutbox(this, this.outbox);
    outputInbox(this, inbox);
  }

  private noteCharge(provider: Function): Function {
    const noteCharge = new ServiceFunction(this, 'NoteCharge', {
      entry: 'payment/note-charge.ts',
      environment: { PAYMENTS_TABLE: this.payments.tableName },
    });
    this.payments.grant(noteCharge, 'dynamodb:UpdateItem');
    this.outbox.grantWrite(noteCharge);
    // A right on this function, not one of the provider's: the provider knows nothing of its customers.
    noteCharge.addPermission('Provider', {
      principal: new ArnPrincipal(provider.role?.roleArn ?? ''),
    });
    return noteCharge;
  }

  private handleRequests(provider: Function, noteCharge: Function): Function {
    const handleRequests = new ServiceFunction(this, 'HandleRequests', {
      entry: 'payment/handle-requests.ts',
      environment: {
        PAYMENTS_TABLE: this.payments.tableName,
        PROVIDER_FUNCTION: provider.functionName,
        NOTE_CHARGE_FUNCTION: noteCharge.functionName,
      },
      // Short, so that a message whose handling failed is redelivered soon.
      timeout: Duration.seconds(10),
    });
    this.payments.grant(handleRequests, 'dynamodb:GetItem', 'dynamodb:UpdateItem');
    provider.grantInvoke(handleRequests);
    return handleRequests;
  }
}
