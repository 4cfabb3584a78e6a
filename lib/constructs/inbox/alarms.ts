import { Duration } from 'aws-cdk-lib';
import { ComparisonOperator, TreatMissingData, type Metric } from 'aws-cdk-lib/aws-cloudwatch';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';

import { addAlarms, type AlarmRule } from '../shared/alarms.ts';
import { metricDepth } from '../shared/queue.ts';

/** What the alarms of an inbox watch. */
export interface InboxAlarmsProps {
  readonly inboxName: string;
  readonly deadLetterQueue: IQueue;
  /** How long the oldest message of the queue has been waiting, in seconds. */
  readonly oldestMessageAge: Metric;
  /** How long the queue keeps a message. */
  readonly retention: Duration;
  /** Absent where nothing is subscribed to. */
  readonly undeliveredQueue: IQueue | undefined;
  /** Absent where the inbox is not ordered. */
  readonly oldestGap: Metric | undefined;
  readonly topic: ITopic | undefined;
}

/** How long an aggregate may stand still while messages of it wait. */
const maxGapAge = Duration.minutes(15);

/** The longest that a message may wait before somebody is told. */
const maxMessageAge = Duration.days(1);

/** The alarms of an inbox: one message is enough, and they end when the queue is empty. */
export class InboxAlarms extends Construct {
  constructor(scope: Construct, id: string, { topic, ...inbox }: InboxAlarmsProps) {
    super(scope, id);
    const rules = {
      ...deadLetterRule(inbox),
      ...oldestMessageRule(inbox),
      ...undeliveredRule(inbox),
      ...gapRule(inbox),
    };
    addAlarms(this, rules, topic);
  }
}

type Watched = Omit<InboxAlarmsProps, 'topic'>;

function deadLetterRule({ inboxName, deadLetterQueue }: Watched): Record<string, AlarmRule> {
  return {
    DeadLetters: {
      ...anyMessage(metricDepth(deadLetterQueue)),
      meaning: `Inbox ${inboxName} could not handle messages; its dead-letter queue keeps them for a while only.`,
      firstCommand: `npx outbox inbox ls ${inboxName}`,
    },
  };
}

/**
 * A consumer that stands still receives nothing, so nothing reaches its dead-letter queue: the queue deletes each
 * message when its retention ends. Three quarters of it are left to act.
 */
function oldestMessageRule({
  inboxName,
  oldestMessageAge,
  retention,
}: Watched): Record<string, AlarmRule> {
  const age = oldestMessageLimit(retention);
  return {
    OldestMessage: {
      metric: oldestMessageAge,
      threshold: age.toSeconds(),
      evaluationPeriods: 1,
      comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      treatMissingData: TreatMissingData.NOT_BREACHING,
      meaning: `A message has waited in the queue of inbox ${inboxName} for ${age.toHumanString()}: its handler does not run, or cannot keep up. The queue deletes messages that it has kept for its retention period, and they reach no dead-letter queue.`,
      firstCommand: `npx outbox inbox ls ${inboxName}`,
    },
  };
}

/** A quarter of the retention, a day at most; a day where the retention is known only at deployment. */
function oldestMessageLimit(retention: Duration): Duration {
  if (retention.isUnresolved()) return maxMessageAge;
  return Duration.seconds(
    Math.min(Math.ceil(retention.toSeconds() / 4), maxMessageAge.toSeconds()),
  );
}

function undeliveredRule({ inboxName, undeliveredQueue }: Watched): Record<string, AlarmRule> {
  if (undeliveredQueue === undefined) return {};
  return {
    Undelivered: {
      ...anyMessage(metricDepth(undeliveredQueue)),
      meaning: `Messages could not be put into the queue of inbox ${inboxName}: its policy or its key may have changed.`,
      firstCommand: `npx outbox redrive-queue ${undeliveredQueue.queueName}`,
    },
  };
}

/** Missing data breaches the alarm too: without the metric, a gap would go unnoticed. */
function gapRule({ inboxName, oldestGap }: Watched): Record<string, AlarmRule> {
  if (oldestGap === undefined) return {};
  return {
    Gap: {
      metric: oldestGap,
      threshold: maxGapAge.toMilliseconds(),
      evaluationPeriods: 2,
      comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      treatMissingData: TreatMissingData.BREACHING,
      meaning: `Messages of inbox ${inboxName} have waited for an earlier one of their aggregate for ${maxGapAge.toMinutes()} minutes, or the check of its gaps does not run.`,
      firstCommand: `npx outbox inbox ls ${inboxName}`,
    },
  };
}

/** A queue that is not looked at has no metric, and an empty one no messages. */
function anyMessage(metric: Metric): Omit<AlarmRule, 'meaning' | 'firstCommand'> {
  return {
    metric,
    threshold: 1,
    evaluationPeriods: 1,
    comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
    treatMissingData: TreatMissingData.NOT_BREACHING,
  };
}
