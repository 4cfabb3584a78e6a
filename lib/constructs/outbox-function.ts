import { RemovalPolicy, Stack, type Duration } from 'aws-cdk-lib';
import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import { Architecture, Function, Runtime } from 'aws-cdk-lib/aws-lambda';
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';

import { relayToEnvironment } from '../contract/environment.ts';
import { functionCode } from './code.ts';
import type { Destination } from './destination.ts';
import type { OutboxSettings } from './outbox-props.ts';

/** What the relay and the sweeper of an outbox work on. */
export interface OutboxParts {
  readonly table: ITable;
  readonly destinations: readonly Destination[];
  readonly settings: OutboxSettings;
}

/** What differs between them. */
export interface OutboxFunctionProps {
  /** The name of its bundle. */
  readonly bundle: string;
  readonly description: string;
  readonly memorySize: number;
  readonly timeout: Duration;
  readonly logRetention: RetentionDays;
}

/** One of the functions that deliver, with its log group. It may publish to the destinations, and nothing else yet. */
export function createOutboxFunction(
  scope: Construct,
  parts: OutboxParts,
  { bundle, logRetention, ...props }: OutboxFunctionProps,
): Function {
  const created = new Function(scope, 'Function', {
    ...props,
    runtime: Runtime.NODEJS_24_X,
    architecture: Architecture.ARM_64,
    handler: 'index.handler',
    code: functionCode(scope, bundle),
    environment: environmentOf(scope, parts),
    logGroup: new LogGroup(scope, 'Logs', {
      retention: logRetention,
      removalPolicy: RemovalPolicy.DESTROY,
    }),
  });
  for (const destination of parts.destinations) destination.grantPublish(created);
  return created;
}

function environmentOf(
  scope: Construct,
  { table, destinations, settings }: OutboxParts,
): Record<string, string> {
  const config = {
    tableName: table.tableName,
    shards: settings.shards,
    retentionMs: settings.retention.toMilliseconds(),
    source: settings.source,
    destinations: destinations.map((destination) => destination.config),
    maxAttempts: settings.maxAttempts,
  };
  return relayToEnvironment(config, (value) => Stack.of(scope).toJsonString(value));
}
