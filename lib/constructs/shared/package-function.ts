import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

import { RemovalPolicy, Stack, type Duration } from 'aws-cdk-lib';
import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import { Architecture, Code, Function, Runtime } from 'aws-cdk-lib/aws-lambda';
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Construct, IConstruct } from 'constructs';

import { relayToEnvironment } from '../../core/environment.ts';
import { limits } from '../../core/limits.ts';
import type { Destination } from '../outbox/destination.ts';
import type { OutboxPropsWithDefaults } from '../outbox/props.ts';
import { cutTo, definedOnly, fail } from './check.ts';
import { checkEnvironmentSize } from './user-function.ts';

/** What the relay and the sweeper of an outbox work on. */
export interface OutboxParts {
  readonly table: ITable;
  readonly destinations: readonly Destination[];
  readonly settings: OutboxPropsWithDefaults;
  /** Where it is archived to. @default - it is not */
  readonly archive: string | undefined;
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
  props: OutboxFunctionProps,
): Function {
  const created = createFunction(scope, environmentOf(scope, parts), props);
  const { source } = parts.settings;
  for (const destination of parts.destinations) destination.grantPublish(created, { source });
  return created;
}

/** One of the package's own functions, with its log group. It may do nothing yet. */
export function createFunction(
  scope: Construct,
  environment: Record<string, string>,
  { bundle, description, logRetention, ...props }: OutboxFunctionProps,
): Function {
  const created = new Function(scope, 'Function', {
    ...props,
    description: cutTo(limits.lambda.maxDescriptionChars, description),
    runtime: Runtime.NODEJS_24_X,
    architecture: Architecture.ARM_64,
    handler: 'index.handler',
    code: functionCode(scope, bundle),
    environment,
    logGroup: new LogGroup(scope, 'Logs', {
      retention: logRetention,
      removalPolicy: RemovalPolicy.DESTROY,
    }),
  });
  checkEnvironmentSize(created);
  return created;
}

function environmentOf(
  scope: Construct,
  { table, destinations, settings, archive }: OutboxParts,
): Record<string, string> {
  const config = {
    tableName: table.tableName,
    shards: settings.shardCount,
    retentionMs: settings.retention.toMilliseconds(),
    source: settings.source,
    destinations: destinations.map((destination) => destination.config),
    maxAttempts: settings.maxDeliveryAttempts,
    // Relay and sweeper are parts of the outbox.
    ...definedOnly({ archive, path: scope.node.scope?.node.path }),
  };
  return relayToEnvironment(config, (value) => Stack.of(scope).toJsonString(value));
}

/**
 * Context that names the folder of the function bundles, where it is not the package's own:
 * for tests, and for package managers that keep packages zipped.
 */
export const functionsContext = 'cdk-outbox:functions';

/** The bundle of one of the package's functions: built when the package was, so that users need no bundler. */
export function functionCode(scope: IConstruct, name: string): Code {
  const given = scope.node.tryGetContext(functionsContext) as string | undefined;
  const directory = join(given ?? packagedFunctions(), name);
  if (!existsSync(join(directory, 'index.mjs'))) {
    fail(scope, `the bundle of the ${name} function is missing in ${directory}: run npm run build`);
  }
  return Code.fromAsset(directory);
}

/** The same folder whether this file runs from the sources or is part of a bundle. */
function packagedFunctions(): string {
  const manifest = createRequire(import.meta.url).resolve('cdk-outbox/package.json');
  return join(dirname(manifest), 'dist', 'functions');
}
