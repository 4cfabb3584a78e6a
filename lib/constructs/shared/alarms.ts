import { Alarm, type AlarmProps as CdkAlarmProps } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { Construct, IConstruct } from 'constructs';

import { limits } from '../../core/limits.ts';
import { checkPlace, cutTo, fail } from './check.ts';
import { allowService, isAwsManaged } from './key.ts';

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
  if (topic !== undefined) {
    checkPlace(scope, {
      what: `alarmTopic ${topic.node.path}`,
      resource: topic,
      only: 'region',
      next: 'give a topic of the same region, which may forward to others',
    });
    allowKey(scope, topic);
  }
  for (const [id, { meaning, firstCommand, ...rule }] of Object.entries(rules)) {
    const alarm = new Alarm(scope, id, {
      ...rule,
      alarmDescription: describe(meaning, firstCommand),
    });
    if (topic === undefined) continue;
    alarm.addAlarmAction(new SnsAction(topic));
    alarm.addOkAction(new SnsAction(topic));
  }
}

/** The command stays whole: the meaning is cut where both are too long for CloudWatch. */
function describe(meaning: string, firstCommand: string): string {
  const first = ` First: ${firstCommand}`;
  return cutTo(Math.max(3, limits.alarm.maxDescriptionChars - first.length), meaning) + first;
}

/**
 * Lets CloudWatch use the key of a topic, which it needs to publish to it. Fails where no policy could allow it.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Notify_Users_Alarm_Changes.html
 */
function allowKey(scope: IConstruct, topic: ITopic): void {
  const { masterKey } = topic;
  if (masterKey === undefined) return;
  if (isAwsManaged(masterKey)) {
    fail(
      scope,
      `alarmTopic ${topic.node.path} is encrypted with the key alias/aws/sns, which CloudWatch may not use: give the topic a key of your own as masterKey, or none`,
    );
  }
  allowService(scope, { key: masterKey, service: 'cloudwatch.amazonaws.com', effect: 'no alarm' });
}

/** What an outbox and an inbox say about their alarms. */
export interface AlarmProps {
  /**
   * Whether alarms are created. Each says in its description what it means and what to type first.
   *
   * Without them a parked event waits until somebody looks.
   *
   * @default true
   */
  readonly alarms?: boolean;

  /**
   * The topic that is told when an alarm begins and when it ends.
   *
   * CloudWatch cannot publish to a topic that the key `alias/aws/sns` encrypts; a key of yours must
   * let `cloudwatch.amazonaws.com` use it.
   * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Notify_Users_Alarm_Changes.html
   *
   * @default - no notification: the alarms are visible in CloudWatch only
   */
  readonly alarmTopic?: ITopic;
}

/** What is done about alarms where the props say nothing. */
export const alarmDefaults = { alarms: true } as const satisfies AlarmProps;
