import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';

import { ServiceFunction } from '../shared/service-function.ts';
import { ServiceTable } from '../shared/service-table.ts';

/** A stand-in for a payment provider: what it does is outside of everybody's transactions. */
export class ProviderStack extends Stack {
  /** Answers what it is asked. */
  readonly answer: ServiceFunction;

  constructor(scope: Construct, id: string, props?: StackProps) {
    super(scope, id, props);
    const charges = new ServiceTable(this, 'Charges');
    this.answer = new ServiceFunction(this, 'Answer', {
      entry: 'provider/answer.ts',
      environment: { CHARGES_TABLE: charges.tableName },
    });
    charges.grant(this.answer, 'dynamodb:UpdateItem');

    new CfnOutput(this, 'ChargesTable', { value: charges.tableName });
  }
}
