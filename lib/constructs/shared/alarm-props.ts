import type { ITopic } from 'aws-cdk-lib/aws-sns';

/** What an outbox and an inbox say about their alarms. */
export interface AlarmProps {
  /**
   * Whether alarms are created. Each says in its description what it means and what to type first.
   *
   * Without them an event that needs a person waits until somebody looks.
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
   * @default - nobody is told: the alarms are seen in CloudWatch only
   */
  readonly alarmTopic?: ITopic;
}

/** What is done about alarms where the props say nothing. */
export const alarmDefaults = { alarms: true } as const satisfies AlarmProps;
