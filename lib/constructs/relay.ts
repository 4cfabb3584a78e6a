import { RemovalPolicy, Stack } from 'aws-cdk-lib';
import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import { Architecture, Function, Runtime } from 'aws-cdk-lib/aws-lambda';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';

import { relayToEnvironment, type RelayConfig } from '../contract/environment.ts';
import { functionCode } from './code.ts';
import type { Destination } from './destination.ts';
import type { OutboxSettings } from './outbox-props.ts';
import { addRelayTrigger } from './relay-trigger.ts';
import { createQueue } from './secure-queue.ts';
import { grantItems } from './table-grants.ts';

/** What a relay works on. */
export interface RelayProps {
  readonly table: ITable;
  readonly destinations: readonly Destination[];
  readonly settings: OutboxSettings;
}

/**
 * What the relay does to the table: it looks up holds, writes receipts, waiting rows with the count of
 * their holds, and its lag. It neither deletes nor scans.
 */
const itemActions = ['BatchGetItem', 'BatchWriteItem', 'PutItem', 'UpdateItem'];

/** The function that the table's stream invokes, its trigger, and the queue that tells of batches given up. */
export class Relay extends Construct {
  readonly function: Function;
  /** Says which stretch of the stream was given up. The entries themselves are in the table. */
  readonly onFailureQueue: Queue;

  constructor(scope: Construct, id: string, { table, destinations, settings }: RelayProps) {
    super(scope, id);
    this.function = this.createFunction(
      {
        tableName: table.tableName,
        shards: settings.shards,
        retentionMs: settings.retention.toMilliseconds(),
        source: settings.source,
        destinations: destinations.map(({ config }) => config),
        maxAttempts: settings.maxAttempts,
      },
      settings,
    );
    this.onFailureQueue = createQueue(this, 'OnFailureQueue');
    grantItems(table, this.function, itemActions);
    for (const destination of destinations) destination.grantPublish(this.function);
    addRelayTrigger(this, {
      table,
      relay: this.function,
      onFailureQueue: this.onFailureQueue,
      settings,
    });
  }

  private createFunction(config: RelayConfig, settings: OutboxSettings): Function {
    const stack = Stack.of(this);
    return new Function(this, 'Function', {
      description: `Delivers the events of ${settings.source}`,
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      handler: 'index.handler',
      code: functionCode(this, 'relay'),
      memorySize: settings.relayMemorySize,
      timeout: settings.relayTimeout,
      environment: relayToEnvironment(config, (value) => stack.toJsonString(value)),
      logGroup: new LogGroup(this, 'Logs', {
        retention: settings.relayLogRetention,
        removalPolicy: RemovalPolicy.DESTROY,
      }),
    });
  }
}
