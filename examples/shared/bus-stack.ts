import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib';
import { EventBus } from 'aws-cdk-lib/aws-events';
import type { Construct } from 'constructs';

/** The bus that the services share. */
export class BusStack extends Stack {
  readonly bus = new EventBus(this, 'Bus');

  constructor(scope: Construct, id: string, props?: StackProps) {
    super(scope, id, props);
    new CfnOutput(this, 'BusName', { value: this.bus.eventBusName });
  }
}
