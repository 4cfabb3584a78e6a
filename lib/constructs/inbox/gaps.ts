import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import { Architecture, Function, Runtime } from 'aws-cdk-lib/aws-lambda';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Schedule, ScheduleExpression } from 'aws-cdk-lib/aws-scheduler';
import { LambdaInvoke } from 'aws-cdk-lib/aws-scheduler-targets';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';

import { inboxToEnvironment, type InboxConfig } from '../../core/environment.ts';
import { gapCheckVariable } from '../../table/ordered.ts';
import { inboxKeyPrefixes } from '../../table/inbox.ts';
import { limits } from '../../core/limits.ts';
import { cutTo } from '../shared/check.ts';
import { functionCode } from '../shared/package-function.ts';
import { grantSend } from '../shared/queue.ts';
import { grantRows, keysThatBeginWith } from '../shared/table-grants.ts';

/** What the check of gaps works on. */
export interface InboxGapsProps {
  readonly table: ITable;
  readonly queue: IQueue;
  readonly config: InboxConfig;
}

/** What the check does to the table: it queries the list of gaps, and moves cursors. It does not scan. */
const itemActions = ['DeleteItem', 'GetItem', 'PutItem', 'Query'];

/** A run that Lambda could not start by then is the next one's affair: the shortest time that it lets one wait. */
const maxDelay = Duration.minutes(1);

/** The function that looks every minute for aggregates of which messages wait, and measures for how long. */
export class InboxGaps extends Construct {
  readonly function: Function;

  constructor(scope: Construct, id: string, { table, queue, config }: InboxGapsProps) {
    super(scope, id);
    this.function = new Function(this, 'Function', {
      description: cutTo(
        limits.lambda.maxDescriptionChars,
        `Looks for gaps in what inbox ${config.name} handles in sequence`,
      ),
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      memorySize: 256,
      timeout: Duration.seconds(50),
      handler: 'index.handler',
      code: functionCode(this, 'inbox-gaps'),
      environment: { ...inboxToEnvironment(config), [gapCheckVariable]: 'true' },
      logGroup: new LogGroup(this, 'Logs', {
        retention: RetentionDays.ONE_MONTH,
        removalPolicy: RemovalPolicy.DESTROY,
      }),
    });
    grantRows(table, this.function, [
      { actions: itemActions, keys: keysThatBeginWith(inboxKeyPrefixes(config.name)) },
    ]);
    grantSend(queue, this.function);
    // What failed is not repeated, neither by Lambda nor by the schedule: the next minute comes anyway.
    this.function.configureAsyncInvoke({ retryAttempts: 0, maxEventAge: maxDelay });
    new Schedule(this, 'Schedule', {
      description: cutTo(
        limits.schedule.maxDescriptionChars,
        `Runs the check of gaps of inbox ${config.name}`,
      ),
      schedule: ScheduleExpression.rate(Duration.minutes(1)),
      target: new LambdaInvoke(this.function, { retryAttempts: 0, maxEventAge: maxDelay }),
    });
  }
}
