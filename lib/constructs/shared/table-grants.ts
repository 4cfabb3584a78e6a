import { Token } from 'aws-cdk-lib';
import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import { Grant, type IGrantable } from 'aws-cdk-lib/aws-iam';

import { table as names } from '../../table/keys.ts';
import { sagaTable } from '../../table/saga.ts';

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

/** Rows of a table, and what a role may do with them. */
export interface RowGrant {
  readonly actions: readonly string[];
  /** Patterns of partition keys. */
  readonly keys: readonly string[];
  /** @default - any */
  readonly attributes?: readonly string[];
}

/**
 * Lets a role do the named actions on rows of these partition keys, and with the table's key.
 *
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html
 */
export function grantRows(table: ITable, grantee: IGrantable, rows: readonly RowGrant[]): Grant {
  table.encryptionKey?.grant(grantee, ...writingKeyActions);
  const grants = rows.map(({ actions, keys, attributes }) =>
    Grant.addToPrincipal({
      grantee,
      actions: actions.map((action) => `dynamodb:${action}`),
      resourceArns: [table.tableArn],
      conditions: {
        'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': keys },
        ...(attributes === undefined
          ? {}
          : { 'ForAllValues:StringEquals': { 'dynamodb:Attributes': attributes } }),
      },
    }),
  );
  return grants.reduce((all, one) => all.combine(one));
}

/**
 * Patterns for partition keys that begin with given texts, which may hold what IAM reads more into: `*`, `?` and `$`
 * stand for themselves. A policy takes no characters beyond Latin-1: one of them matches any.
 */
export function keysThatBeginWith(prefixes: readonly string[]): string[] {
  return prefixes.map((prefix) => {
    if (Token.isUnresolved(prefix)) return `${prefix}*`;
    const literal = prefix.replaceAll(/[*?$]/g, (character) => `\${${character}}`);
    return `${literal.replaceAll(/[^ -\u00ff]+/g, '*')}*`;
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
