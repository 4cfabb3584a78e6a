import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import { Grant, type IGrantable } from 'aws-cdk-lib/aws-iam';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';

import { auditPattern } from '../../table/audit.ts';
import { keyPatterns } from '../../table/keys.ts';
import { latePattern } from '../../table/late.ts';
import type { Destination } from './destination.ts';
import { grantItems, grantQueryWaiting, grantRows, type RowGrant } from '../shared/table-grants.ts';

/** What the person on call works on. */
export interface OperationProps {
  readonly table: ITable;
  readonly source: string;
  readonly relay: IFunction;
  readonly sweeper: IFunction;
  readonly destinations: readonly Destination[];
}

/**
 * What the commands do to the table: they look, move waiting rows, and write receipts and the record of who did it.
 * They delete nothing but waiting rows, and so do not use BatchWriteItem: who may put with it may delete with it.
 */
const operatorRows: readonly RowGrant[] = [
  {
    actions: ['PutItem'],
    keys: [
      keyPatterns.page,
      keyPatterns.waiting,
      keyPatterns.notes,
      auditPattern,
      // An entry that settles when its page is archived already.
      latePattern,
    ],
  },
  { actions: ['DeleteItem', 'UpdateItem'], keys: [keyPatterns.waiting] },
];

const lookActions = ['BatchGetItem', 'DescribeTable', 'GetItem', 'Query'];

/** Lets a role bring back, give up and replay entries, and run the sweeper. */
export function grantOperation(
  grantee: IGrantable,
  { table, source, relay, sweeper, destinations }: OperationProps,
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
    ...destinations.map((destination) => destination.grantPublish(grantee, { source })),
  ];
  return grants.reduce(
    (all, one) => all.combine(one),
    grantItems(table, grantee, lookActions).combine(grantRows(table, grantee, operatorRows)),
  );
}
