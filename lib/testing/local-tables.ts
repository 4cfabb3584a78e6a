import type { CreateTableCommandInput } from '@aws-sdk/client-dynamodb';

import { inboxToEnvironment, writerToEnvironment, type Environment } from '../core/environment.ts';
import { table } from '../table/keys.ts';
import { runningIndexAttributes, sagaTable } from '../table/saga.ts';
import { waitingIndexAttributes } from '../table/waiting.ts';

/** A table but for its name, as `CreateTableCommand` takes it. */
export type TableSchema = Omit<CreateTableCommandInput, 'TableName'>;

/** The package's tables by whose they are. */
export interface LocalTables {
  readonly outbox?: string;
  readonly inbox?: string;
  readonly saga?: string;
}

const keyed = {
  AttributeDefinitions: [
    { AttributeName: table.pk, AttributeType: 'S' },
    { AttributeName: table.sk, AttributeType: 'S' },
  ],
  KeySchema: [
    { AttributeName: table.pk, KeyType: 'HASH' },
    { AttributeName: table.sk, KeyType: 'RANGE' },
  ],
  BillingMode: 'PAY_PER_REQUEST',
} satisfies TableSchema;

/**
 * The tables as the constructs make them, for DynamoDB Local:
 *
 * ```ts
 * await client.send(new CreateTableCommand({ ...tableSchemas.outbox, TableName: 'outbox' }));
 * ```
 */
export const tableSchemas: Readonly<Record<keyof LocalTables, TableSchema>> = {
  outbox: {
    ...keyed,
    AttributeDefinitions: [
      ...keyed.AttributeDefinitions,
      { AttributeName: table.waitingKey, AttributeType: 'S' },
      { AttributeName: table.dueAt, AttributeType: 'N' },
    ],
    GlobalSecondaryIndexes: [
      {
        IndexName: table.waitingIndex,
        KeySchema: [
          { AttributeName: table.waitingKey, KeyType: 'HASH' },
          { AttributeName: table.dueAt, KeyType: 'RANGE' },
        ],
        Projection: { ProjectionType: 'INCLUDE', NonKeyAttributes: [...waitingIndexAttributes] },
      },
    ],
    StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_IMAGE' },
  },
  inbox: keyed,
  saga: {
    ...keyed,
    AttributeDefinitions: [
      ...keyed.AttributeDefinitions,
      { AttributeName: sagaTable.runningKey, AttributeType: 'S' },
      { AttributeName: sagaTable.overdueAt, AttributeType: 'N' },
    ],
    GlobalSecondaryIndexes: [
      {
        IndexName: sagaTable.runningIndex,
        KeySchema: [
          { AttributeName: sagaTable.runningKey, KeyType: 'HASH' },
          { AttributeName: sagaTable.overdueAt, KeyType: 'RANGE' },
        ],
        Projection: { ProjectionType: 'INCLUDE', NonKeyAttributes: [...runningIndexAttributes] },
      },
    ],
  },
};

const dayMs = 86_400_000;

/**
 * The variables that constructs would set for these tables, as the `environment` of `createOutbox`, `createInbox` and
 * `createSaga`. The inbox is called `test` and its dead-letter queue does not exist: give `sqs` where messages may be
 * dead-lettered.
 */
export function testEnvironment({ outbox, inbox, saga }: LocalTables): Environment {
  const limits = {
    shards: 1,
    retentionMs: 14 * dayMs,
    accepts: [{ maxMessageBytes: 1024 * 1024 }],
  };
  const deadLetterQueueUrl = 'https://sqs.invalid/111122223333/test-dead-letters';
  return {
    ...(outbox === undefined
      ? {}
      : writerToEnvironment({ tableName: outbox, ...limits }, JSON.stringify)),
    ...(inbox === undefined
      ? {}
      : inboxToEnvironment({
          ...{ name: 'test', tableName: inbox, deadLetterQueueUrl },
          dedupeWindowMs: 30 * dayMs,
        })),
    ...(saga === undefined ? {} : { SAGA_TABLE: saga }),
  };
}
