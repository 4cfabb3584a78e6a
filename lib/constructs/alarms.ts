import { Alarm, type AlarmProps as CdkAlarmProps } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { Construct } from 'constructs';

/** One alarm: what it watches, from when on it rings, and what the person who is woken reads. */
export interface AlarmRule extends Pick<
  CdkAlarmProps,
  'metric' | 'threshold' | 'evaluationPeriods' | 'comparisonOperator' | 'treatMissingData'
> {
  /** What it means. */
  readonly meaning: string;
  /** The command that shows more. */
  readonly firstCommand: string;
}

/** Creates alarms by their ids; the topic is told when one begins and when it ends. */
export function addAlarms(
  scope: Construct,
  rules: Readonly<Record<string, AlarmRule>>,
  topic: ITopic | undefined,
): void {
  for (const [id, { meaning, firstCommand, ...rule }] of Object.entries(rules)) {
    const alarm = new Alarm(scope, id, {
      ...rule,
      alarmDescription: `${meaning} First: ${firstCommand}`,
    });
    if (topic === undefined) continue;
    alarm.addAlarmAction(new SnsAction(topic));
    alarm.addOkAction(new SnsAction(topic));
  }
}
