import { join } from 'node:path';

import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { Architecture, Runtime } from 'aws-cdk-lib/aws-lambda';
import { NodejsFunction, OutputFormat } from 'aws-cdk-lib/aws-lambda-nodejs';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';

/** What a function of a service needs. */
export interface ServiceFunctionProps {
  /** Path below `examples`, such as `orders/place-order.ts`. It exports `handler`. */
  readonly entry: string;
  readonly environment: Record<string, string>;
  /** @default Duration.seconds(30) */
  readonly timeout?: Duration;
}

/** A function of a service: bundled whole by esbuild, so that what runs is what was tested. */
export class ServiceFunction extends NodejsFunction {
  constructor(scope: Construct, id: string, props: ServiceFunctionProps) {
    const { entry, environment, timeout = Duration.seconds(30) } = props;
    super(scope, id, {
      entry: join(import.meta.dirname, '..', entry),
      environment,
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      memorySize: 512,
      timeout,
      bundling: {
        format: OutputFormat.ESM,
        mainFields: ['module', 'main'],
        bundleAwsSDK: true,
        minify: true,
        // Some of what is bundled is CommonJS, which calls require.
        banner:
          "import{createRequire as createRequire_}from'node:module';const require=createRequire_(import.meta.url);",
      },
      logGroup: new LogGroup(scope, `${id}Logs`, {
        retention: RetentionDays.ONE_WEEK,
        removalPolicy: RemovalPolicy.DESTROY,
      }),
    });
  }
}
