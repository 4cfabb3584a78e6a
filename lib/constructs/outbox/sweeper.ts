import { Duration } from 'aws-cdk-lib';
import type { Function } from 'aws-cdk-lib/aws-lambda';
import { Schedule, ScheduleExpression } from 'aws-cdk-lib/aws-scheduler';
import { LambdaInvoke } from 'aws-cdk-lib/aws-scheduler-targets';
import { Construct } from 'constructs';

import { createOutboxFunction, type OutboxParts } from '../shared/outbox-function.ts';
import { grantItems, grantQueryWaiting } from '../shared/table-grants.ts';

/**
 * What the sweeper does to the table: all that the relay does, reading pages and the waiting room,
 * claiming and releasing, and asking when the table was made. It does not scan.
 */
const sweeperActions = [
  'BatchGetItem',
  'BatchWriteItem',
  'DeleteItem',
  'DescribeTable',
  'GetItem',
  'PutItem',
  'Query',
  'UpdateItem',
];

/** A run that Lambda could not start by then is the next one's affair: the shortest time that it lets one wait. */
const maxDelay = Duration.minutes(1);

/** The function that delivers what the relay did not, and what is due in the waiting room, every minute. */
export class Sweeper extends Construct {
  readonly function: Function;

  constructor(scope: Construct, id: string, parts: OutboxParts) {
    super(scope, id);
    const { table, settings } = parts;
    this.function = createOutboxFunction(this, parts, {
      bundle: 'sweeper',
      description: `Delivers the events of ${settings.source} that the relay did not`,
      memorySize: settings.sweeperMemorySize,
      timeout: settings.sweeperTimeout,
      logRetention: settings.sweeperLogRetention,
    });
    grantItems(table, this.function, sweeperActions);
    grantQueryWaiting(table, this.function);
    // What failed is not repeated, neither by Lambda nor by the schedule: the next minute comes anyway.
    this.function.configureAsyncInvoke({ retryAttempts: 0, maxEventAge: maxDelay });
    new Schedule(this, 'Schedule', {
      description: `Runs the sweeper of ${settings.source}`,
      schedule: ScheduleExpression.rate(Duration.minutes(1)),
      target: new LambdaInvoke(this.function, { retryAttempts: 0, maxEventAge: maxDelay }),
    });
  }
}
