import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import { Grant, type IGrantable } from 'aws-cdk-lib/aws-iam';

import { table as names, waitingEventPattern } from '../contract/keys.ts';
import { sagaTable } from '../contract/saga.ts';

/** What reading a table that a customer's key encrypts needs of the key. */
const readingKeyActions = ['kms:Decrypt', 'kms:DescribeKey'];
/** https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.usagenotes.html */
const writingKeyActions = [
  ...readingKeyActions,
  'kms:Encrypt',
  'kms:GenerateDataKey*',
  'kms:ReEncrypt*',
];

/** Lets a role do the named actions on the table's items. Transactions count as the actions they are made of. */
export function grantItems(table: ITable, grantee: IGrantable, actions: readonly string[]): Grant {
  table.encryptionKey?.grant(grantee, ...writingKeyActions);
  return Grant.addToPrincipal({
    grantee,
    actions: actions.map((action) => `dynamodb:${action}`),
    resourceArns: [table.tableArn],
  });
}

/**
 * Lets a role take events without a sequence out of the waiting room, and nothing else out of the table: no
 * entry, no receipt, nothing of an ordered aggregate.
 *
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html
 */
export function grantCancel(table: ITable, grantee: IGrantable): Grant {
  return Grant.addToPrincipal({
    grantee,
    actions: ['dynamodb:DeleteItem'],
    resourceArns: [table.tableArn],
    conditions: { 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': [waitingEventPattern] } },
  });
}

/** Lets a role ask the waiting index what is due. */
export function grantQueryWaiting(table: ITable, grantee: IGrantable): Grant {
  return Grant.addToPrincipal({
    grantee,
    actions: ['dynamodb:Query'],
    resourceArns: [waitingIndexArn(table)],
  });
}

/** Lets a role ask which sagas have not finished. */
export function grantQuerySagas(table: ITable, grantee: IGrantable): Grant {
  return Grant.addToPrincipal({
    grantee,
    actions: ['dynamodb:Query'],
    resourceArns: [`${table.tableArn}/index/${sagaTable.runningIndex}`],
  });
}

/** Lets an operator list the sagas that have not finished, and look at any of them by its key. */
export function grantLookAtSagas(table: ITable, grantee: IGrantable): Grant {
  table.encryptionKey?.grant(grantee, ...readingKeyActions);
  const looking = Grant.addToPrincipal({
    grantee,
    actions: ['dynamodb:GetItem'],
    resourceArns: [table.tableArn],
  });
  return looking.combine(grantQuerySagas(table, grantee));
}

/** Lets an operator look at entries, receipts and the waiting room by key. Nothing needs a scan. */
export function grantLook(table: ITable, grantee: IGrantable): Grant {
  table.encryptionKey?.grant(grantee, ...readingKeyActions);
  return Grant.addToPrincipal({
    grantee,
    actions: ['dynamodb:BatchGetItem', 'dynamodb:GetItem', 'dynamodb:Query'],
    resourceArns: [table.tableArn, waitingIndexArn(table)],
  });
}

/**
 * Lets a function's trigger read the table's stream. The right to the table's key comes with {@link grantItems}.
 *
 * Lambda asks for ListStreams on the table's streams: https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html
 */
export function grantStream(table: ITable, streamArn: string, grantee: IGrantable): Grant {
  const reading = Grant.addToPrincipal({
    grantee,
    actions: ['dynamodb:DescribeStream', 'dynamodb:GetRecords', 'dynamodb:GetShardIterator'],
    resourceArns: [streamArn],
  });
  const listing = Grant.addToPrincipal({
    grantee,
    actions: ['dynamodb:ListStreams'],
    resourceArns: [`${table.tableArn}/stream/*`],
  });
  return reading.combine(listing);
}

function waitingIndexArn(table: ITable): string {
  return `${table.tableArn}/index/${names.waitingIndex}`;
}
