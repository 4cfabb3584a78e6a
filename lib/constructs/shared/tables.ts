import type { RemovalPolicy } from 'aws-cdk-lib';
import {
  AttributeType,
  BillingMode,
  ProjectionType,
  StreamViewType,
  Table,
  TableEncryption,
  type ITable,
  type TableProps,
} from 'aws-cdk-lib/aws-dynamodb';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { Construct } from 'constructs';

import { table as names } from '../../table/keys.ts';
import { runningIndexAttributes, sagaTable as sagaNames } from '../../table/saga.ts';
import { waitingIndexAttributes } from '../../table/waiting.ts';

/** What the package's own tables leave to the user. */
export interface TableChoices {
  readonly removalPolicy: RemovalPolicy;
  /** @default - a key that DynamoDB owns */
  readonly encryptionKey?: IKey | undefined;
}

/** The table of an outbox: entries, receipts, waiting room, counters and notes. */
export function createOutboxTable(scope: Construct, choices: TableChoices): ITable {
  const table = new Table(scope, 'Table', {
    ...keyedTable(choices),
    stream: StreamViewType.NEW_IMAGE,
  });
  table.addGlobalSecondaryIndex({
    indexName: names.waitingIndex,
    partitionKey: { name: names.waitingKey, type: AttributeType.STRING },
    sortKey: { name: names.dueAt, type: AttributeType.NUMBER },
    projectionType: ProjectionType.INCLUDE,
    nonKeyAttributes: [...waitingIndexAttributes],
  });
  return table as ITable;
}

/** The table of an inbox: what was handled. */
export function createInboxTable(scope: Construct, choices: TableChoices): ITable {
  return new Table(scope, 'Table', keyedTable(choices)) as ITable;
}

/** The table of a saga: its state, and what its inbox handled. */
export function createSagaTable(scope: Construct, choices: TableChoices): ITable {
  const table = new Table(scope, 'Table', keyedTable(choices));
  table.addGlobalSecondaryIndex({
    indexName: sagaNames.runningIndex,
    partitionKey: { name: sagaNames.runningKey, type: AttributeType.STRING },
    sortKey: { name: sagaNames.overdueAt, type: AttributeType.NUMBER },
    projectionType: ProjectionType.INCLUDE,
    nonKeyAttributes: [...runningIndexAttributes],
  });
  return table as ITable;
}

/** String keys `pk` and `sk`, expiry on `expiresAt`, on demand, restorable to any moment of the last 35 days. */
function keyedTable({ removalPolicy, encryptionKey }: TableChoices): TableProps {
  return {
    partitionKey: { name: names.pk, type: AttributeType.STRING },
    sortKey: { name: names.sk, type: AttributeType.STRING },
    billingMode: BillingMode.PAY_PER_REQUEST,
    timeToLiveAttribute: names.expiresAt,
    pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
    removalPolicy,
    ...(encryptionKey === undefined
      ? {}
      : { encryption: TableEncryption.CUSTOMER_MANAGED, encryptionKey }),
  };
}
