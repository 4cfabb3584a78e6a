import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import { Grant, type IGrantable } from 'aws-cdk-lib/aws-iam';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';

import type { Destination } from './destination.ts';
import { grantItems, grantQueryWaiting } from './table-grants.ts';

/** What the person on call works on. */
export interface OperationProps {
  readonly table: ITable;
  readonly relay: IFunction;
  readonly sweeper: IFunction;
  readonly destinations: readonly Destination[];
}

/** What the commands do to the table: they look, move waiting rows, and write receipts and the record of who did it. */
const itemActions = [
  'BatchGetItem',
  'BatchWriteItem',
  'DeleteItem',
  'DescribeTable',
  'GetItem',
  'PutItem',
  'Query',
  'UpdateItem',
];

/** Lets a role bring back, give up and replay entries, and run the sweeper. */
export function grantOperation(
  grantee: IGrantable,
  { table, relay, sweeper, destinations }: OperationProps,
): Grant {
  const grants = [
    grantQueryWaiting(table, grantee),
    Grant.addToPrincipal({
      grantee,
      actions: ['lambda:InvokeFunction'],
      resourceArns: [sweeper.functionArn],
    }),
    // Their environment tells the command of the outbox.
    Grant.addToPrincipal({
      grantee,
      actions: ['lambda:GetFunctionConfiguration'],
      resourceArns: [relay.functionArn, sweeper.functionArn],
    }),
    ...destinations.map((destination) => destination.grantPublish(grantee)),
  ];
  return grants.reduce((all, one) => all.combine(one), grantItems(table, grantee, itemActions));
}
