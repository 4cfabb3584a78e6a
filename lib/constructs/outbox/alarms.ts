import { Duration } from 'aws-cdk-lib';
import { ComparisonOperator, TreatMissingData, type Metric } from 'aws-cdk-lib/aws-cloudwatch';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Construct, type IConstruct } from 'constructs';

import { addAlarms, type AlarmRule } from '../shared/alarms.ts';

/** What the alarms of an outbox watch. */
export interface OutboxAlarmsProps {
  readonly outbox: OutboxMetrics;
  readonly topic: ITopic | undefined;
}

/** What an outbox measures, and what its alarms call it. */
export interface OutboxMetrics extends IConstruct {
  readonly source: string;
  metricParkedEntries(): Metric;
  metricOldestUnsettledAge(): Metric;
  metricSweeperInvocations(): Metric;
  metricSweeperErrors(): Metric;
  metricRelayIteratorAge(): Metric;
  metricRelayFailedBatches(): Metric;
}

/** How old an unsettled page may become: five times what a sweeper that keeps up needs. */
const maxUnsettledAge = Duration.minutes(15);
/** How far the relay may be behind. The sweeper leaves its pages alone for as long as it says so. */
const maxRelayLag = Duration.minutes(5);

/** The alarms of an outbox, each over periods of five minutes. */
export class OutboxAlarms extends Construct {
  constructor(scope: Construct, id: string, { outbox, topic }: OutboxAlarmsProps) {
    super(scope, id);
    addAlarms(
      this,
      { ...entryRules(outbox), ...sweeperRules(outbox), ...relayRules(outbox) },
      topic,
    );
  }
}

/** Where the sweeper is silent, they stay as they are: what it last saw is still true, and it has an alarm of its own. */
function entryRules(outbox: OutboxMetrics): Record<string, AlarmRule> {
  const command = commandsFor(outbox);
  const treatMissingData = TreatMissingData.IGNORE;
  return {
    ParkedEntries: {
      metric: outbox.metricParkedEntries(),
      ...atLeast(1, { periods: 1 }),
      treatMissingData,
      meaning: `Events of ${outbox.source} were refused, or their attempts are used up. They are not lost; manual action is required.`,
      firstCommand: `${command('ls parked')}, then fix the cause and ${command('redrive --all')}`,
    },
    OldestUnsettled: {
      metric: outbox.metricOldestUnsettledAge(),
      ...atLeast(maxUnsettledAge.toMilliseconds(), { periods: 1 }),
      treatMissingData,
      meaning: `Events of ${outbox.source} have not been delivered for ${maxUnsettledAge.toMinutes()} minutes, or were tried for hours: a destination is down, or relay and sweeper do not keep up.`,
      firstCommand: command('status'),
    },
  };
}

function sweeperRules(outbox: OutboxMetrics): Record<string, AlarmRule> {
  const command = commandsFor(outbox);
  return {
    SweeperSilent: {
      metric: outbox.metricSweeperInvocations(),
      threshold: 1,
      evaluationPeriods: 2,
      comparisonOperator: ComparisonOperator.LESS_THAN_THRESHOLD,
      treatMissingData: TreatMissingData.BREACHING,
      meaning: `The sweeper of ${outbox.source} has not run for ten minutes: what the relay does not deliver is neither retried nor counted.`,
      firstCommand: command('doctor'),
    },
    SweeperFailing: {
      metric: outbox.metricSweeperErrors(),
      ...atLeast(1, { periods: 3 }),
      treatMissingData: TreatMissingData.NOT_BREACHING,
      meaning: `The sweeper of ${outbox.source} has been failing for 15 minutes; its log says why.`,
      firstCommand: command('doctor'),
    },
  };
}

/** Where nothing is written, both are silent, and all is well. */
function relayRules(outbox: OutboxMetrics): Record<string, AlarmRule> {
  const command = commandsFor(outbox);
  const treatMissingData = TreatMissingData.NOT_BREACHING;
  return {
    RelayLag: {
      metric: outbox.metricRelayIteratorAge(),
      // Twice: when shards of the stream change, a single point may be high.
      ...atLeast(maxRelayLag.toMilliseconds(), { periods: 2 }),
      treatMissingData,
      meaning: `The relay of ${outbox.source} is more than ${maxRelayLag.toMinutes()} minutes behind the stream: a destination is down or slow, a batch fails again and again, or there is more than it can take.`,
      firstCommand: command('status'),
    },
    RelayGivenUp: {
      metric: outbox.metricRelayFailedBatches(),
      ...atLeast(1, { periods: 1 }),
      treatMissingData,
      meaning: `The relay's event source mapping discarded a batch of ${outbox.source}. The sweeper delivers its entries instead, or parks them.`,
      firstCommand: command('status'),
    },
  };
}

function atLeast(
  threshold: number,
  { periods }: { periods: number },
): Pick<AlarmRule, 'threshold' | 'evaluationPeriods' | 'comparisonOperator'> {
  return {
    threshold,
    evaluationPeriods: periods,
    comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
  };
}

/** The commands to type, each for this outbox. */
export function commandsFor(outbox: IConstruct): (command: string) => string {
  return (command) => `npx outbox ${command} --outbox ${outbox.node.path}`;
}
