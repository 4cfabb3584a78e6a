import { Stack } from 'aws-cdk-lib';
import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import { Grant, type IGrantable } from 'aws-cdk-lib/aws-iam';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { IConstruct } from 'constructs';

import { writerToEnvironment } from '../../core/environment.ts';
import { latePattern } from '../../table/archive.ts';
import { auditPattern } from '../../table/audit.ts';
import { entryRowAttributes } from '../../table/entry.ts';
import { keyPatterns } from '../../table/keys.ts';
import { claim, definedOnly } from '../shared/check.ts';
import { grantItems, grantQueryWaiting, grantRows, type RowGrant } from '../shared/table-grants.ts';
import { configureFunction } from '../shared/user-function.ts';
import type { Destination } from './destination.ts';
import type { OutboxPropsWithDefaults } from './props.ts';

/**
 * What a writer does to the table: it puts entries, reads and counts up sequences, and puts events that are due later
 * into the waiting room and takes them out again. Where it writes late, it notes so for the sweeper.
 *
 * It can write neither notes nor receipts: those have other keys, or attributes that it may not write. What IAM
 * cannot keep it from is to put another entry over a row of a page.
 */
export const writerRows: readonly RowGrant[] = [
  {
    actions: ['GetItem'],
    keys: [keyPatterns.page, keyPatterns.waitingEvent, keyPatterns.counter],
  },
  { actions: ['PutItem'], keys: [keyPatterns.page], attributes: entryRowAttributes },
  { actions: ['DeleteItem', 'PutItem'], keys: [keyPatterns.waitingEvent] },
  { actions: ['PutItem'], keys: [keyPatterns.backdated] },
  { actions: ['UpdateItem'], keys: [keyPatterns.counter] },
];

/** What a writer's environment is made of. */
export interface WriterProps {
  readonly tableName: string;
  readonly settings: OutboxPropsWithDefaults;
  readonly destinations: readonly Destination[];
}

/** The environment variables that tell a writer of its outbox. */
export function writerEnvironment(
  scope: IConstruct,
  { tableName, settings, destinations }: WriterProps,
): Record<string, string> {
  const accepts = destinations.map(({ config, maxMessageBytes }) =>
    definedOnly({ types: config.types, maxMessageBytes }),
  );
  const config = {
    tableName,
    shards: settings.shardCount,
    retentionMs: settings.retention.toMilliseconds(),
    accepts,
  };
  return writerToEnvironment(config, (value) => Stack.of(scope).toJsonString(value));
}

/**
 * Sets the environment where the grantee is a function, or an alias or a version of one. Fails if it writes to another
 * outbox already, and if it cannot run the writer.
 */
export function configureWriter(
  grantee: IGrantable,
  { outbox, environment }: { outbox: IConstruct; environment: Record<string, string> },
): void {
  if (!isFunction(grantee)) return;
  const writer = configureFunction(outbox, {
    ...{ role: 'grantee', function: grantee, environment },
    imported:
      'grant its role instead, and set the variables of outbox.writerEnvironment where the function is defined',
  });
  claim(writer, {
    name: 'outbox',
    owner: outbox,
    reason: 'a function writes to one outbox, which its environment names',
  });
}

/** Told by what it has, which also holds across two copies of the CDK. */
function isFunction(grantee: IGrantable): grantee is IFunction {
  return 'functionArn' in grantee;
}

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

/** Lets a role redrive, discard and replay entries, and run the sweeper. */
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
