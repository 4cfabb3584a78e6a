import { Stack, type RemovalPolicy } from 'aws-cdk-lib';
import {
  AttributeType,
  BillingMode,
  CfnGlobalTable,
  CfnTable,
  ProjectionType,
  StreamViewType,
  Table,
  TableEncryption,
  type ITable,
  type TableProps,
} from 'aws-cdk-lib/aws-dynamodb';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { Construct, IConstruct } from 'constructs';

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

/**
 * A table of the user's as an outbox's. The synthesis says what it lacks.
 *
 * Looks at tables that the app defines; of an imported one nothing is known.
 */
export function adoptOutboxTable(scope: IConstruct, table: ITable): ITable {
  return adopt(scope, table, [
    problemWithKeys,
    problemWithExpiry,
    problemWithStream,
    problemWithIndex,
  ]);
}

/** A table of the user's as an inbox's: it may be shared. The synthesis says what it lacks. */
export function adoptInboxTable(scope: IConstruct, table: ITable): ITable {
  return adopt(scope, table, [problemWithKeys, problemWithExpiry]);
}

type Check = (definition: TableDefinition) => string | undefined;

function adopt(scope: IConstruct, table: ITable, checks: readonly Check[]): ITable {
  scope.node.addValidation({
    validate: () => {
      const definition = definitionOf(table);
      if (definition === undefined) return [];
      return checks
        .map((check) => check(definition))
        .filter((problem) => problem !== undefined)
        .map((problem) => `table ${table.node.path} ${problem}`);
    },
  });
  return table;
}

/** The parts of a table's definition that matter here, as both kinds of table resource name them. */
interface TableDefinition {
  readonly keySchema?: readonly KeyDefinition[];
  readonly attributeDefinitions?: readonly { attributeName: string; attributeType: string }[];
  readonly timeToLiveSpecification?: { attributeName?: string; enabled?: boolean };
  readonly streamSpecification?: { streamViewType?: string };
  readonly globalSecondaryIndexes?: readonly IndexDefinition[];
}

interface KeyDefinition {
  readonly attributeName: string;
  readonly keyType: string;
}

interface IndexDefinition {
  readonly indexName: string;
  readonly keySchema: readonly KeyDefinition[];
  readonly projection: { projectionType?: string; nonKeyAttributes?: readonly string[] };
}

function definitionOf(table: ITable): TableDefinition | undefined {
  const resource = table.node.defaultChild;
  if (!(resource instanceof CfnTable || resource instanceof CfnGlobalTable)) return undefined;
  const { keySchema, attributeDefinitions, timeToLiveSpecification } = resource;
  const { streamSpecification, globalSecondaryIndexes } = resource;
  return Stack.of(table).resolve({
    keySchema,
    attributeDefinitions,
    timeToLiveSpecification,
    streamSpecification,
    globalSecondaryIndexes,
  }) as TableDefinition;
}

function problemWithKeys(definition: TableDefinition): string | undefined {
  const found = describeKeys(definition, definition.keySchema ?? []);
  const wanted = `${names.pk}:S ${names.sk}:S`;
  return found === wanted
    ? undefined
    : `must have the string keys ${names.pk} and ${names.sk}, has ${found}`;
}

function problemWithExpiry({
  timeToLiveSpecification: expiry,
}: TableDefinition): string | undefined {
  if (expiry?.enabled !== false && expiry?.attributeName === names.expiresAt) return undefined;
  return `must expire items by timeToLiveAttribute ${names.expiresAt}, has ${expiry?.attributeName ?? 'none'}`;
}

function problemWithStream({ streamSpecification }: TableDefinition): string | undefined {
  const view = streamSpecification?.streamViewType;
  if (view === 'NEW_IMAGE' || view === 'NEW_AND_OLD_IMAGES') return undefined;
  return `must have a stream of NEW_IMAGE or NEW_AND_OLD_IMAGES, has ${view ?? 'none'}`;
}

function problemWithIndex(definition: TableDefinition): string | undefined {
  const index = definition.globalSecondaryIndexes?.find(
    ({ indexName }) => indexName === names.waitingIndex,
  );
  if (index === undefined) {
    return `must have the index ${names.waitingIndex}: partition key ${names.waitingKey} (string), sort key ${names.dueAt} (number), including ${waitingIndexAttributes.join(', ')}`;
  }
  const found = describeKeys(definition, index.keySchema);
  if (found !== `${names.waitingKey}:S ${names.dueAt}:N`) {
    return `must have in the index ${names.waitingIndex} the keys ${names.waitingKey} (string) and ${names.dueAt} (number), has ${found}`;
  }
  const missing = missingAttributes(index);
  if (missing.length === 0) return undefined;
  return `must include in the index ${names.waitingIndex} the attributes ${missing.join(', ')}`;
}

function missingAttributes({ projection }: IndexDefinition): readonly string[] {
  if (projection.projectionType === 'ALL') return [];
  const included = projection.nonKeyAttributes ?? [];
  return waitingIndexAttributes.filter((name) => !included.includes(name));
}

/** Keys as `name:type`, the partition key first. */
function describeKeys(definition: TableDefinition, keys: readonly KeyDefinition[]): string {
  const typeOf = (name: string): string =>
    definition.attributeDefinitions?.find(({ attributeName }) => attributeName === name)
      ?.attributeType ?? '?';
  return keys
    .toSorted((a, b) => a.keyType.localeCompare(b.keyType))
    .map(({ attributeName }) => `${attributeName}:${typeOf(attributeName)}`)
    .join(' ');
}
