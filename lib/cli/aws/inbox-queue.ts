import { GetMetricDataCommand } from '@aws-sdk/client-cloudwatch';

import { definedOnly } from '../../core/pick.ts';
import type { Clients } from './clients.ts';
import { isDenied, isUnsupported, unlessMissing } from './failure.ts';
import type { InboxPlace } from './place.ts';
import { depthOf, nameOfQueue, urlOfQueue } from './queues.ts';
import { triggersOf } from './triggers.ts';

type Services = Pick<Clients, 'cloudwatch' | 'lambda' | 'sqs'>;

/** What waits in the queue that an inbox's handler reads, and whether anything makes the handler read it. */
export interface InboxQueue {
  /** Absent where the handler has no event source mapping of a queue, or several. */
  readonly queue?: string;
  /** Messages in it, those in flight included; roughly, as SQS counts. */
  readonly messages?: number;
  /** How long the oldest has waited, as CloudWatch last measured it. Absent where it may not be asked, or measured nothing. */
  readonly oldestMs?: number;
  /** State of the event source mapping, as Lambda says it: Enabled, Disabled, …; `Missing` where there is none. */
  readonly mapping: string;
}

/** Looks at the queues of inboxes. */
export async function lookAtInboxQueues(
  inboxes: readonly InboxPlace[],
  clients: Services,
  now: number,
): Promise<InboxQueue[]> {
  const seen = await Promise.all(inboxes.map((inbox) => lookAtQueue(inbox, clients)));
  const ages = await readOldestAges(
    seen.flatMap(({ queue }) => queue ?? []),
    clients,
    now,
  );
  return seen.map((one) => ({
    ...one,
    ...definedOnly({ oldestMs: one.messages === 0 ? 0 : ages.get(one.queue ?? '') }),
  }));
}

async function lookAtQueue({ handler }: InboxPlace, clients: Services): Promise<InboxQueue> {
  const mappings = (await triggersOf(handler, clients)).filter(({ EventSourceArn = '' }) =>
    EventSourceArn.includes(':sqs:'),
  );
  const [mapping, another] = mappings;
  if (mapping === undefined) return { mapping: 'Missing' };
  const { EventSourceArn: arn = '', State = 'unknown' } = mapping;
  if (another !== undefined) return { mapping: 'several' };
  const messages = await unlessMissing(async () =>
    depthOf(await urlOfQueue(arn, clients), clients),
  );
  return { queue: nameOfQueue(arn), mapping: State, ...definedOnly({ messages }) };
}

/** SQS measures a queue that is used each minute, and sends it within a few. */
const measuredMs = 15 * 60_000;
/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html */
const maxQueries = 500;

/**
 * How long the oldest message of each queue has waited, in milliseconds: SQS itself does not say it.
 *
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
 */
async function readOldestAges(
  queues: readonly string[],
  { cloudwatch }: Services,
  now: number,
): Promise<ReadonlyMap<string, number>> {
  const names = [...new Set(queues)].slice(0, maxQueries);
  if (names.length === 0) return new Map();
  const MetricDataQueries = names.map((name, index) => ({
    Id: `q${index}`,
    MetricStat: {
      Metric: {
        Namespace: 'AWS/SQS',
        MetricName: 'ApproximateAgeOfOldestMessage',
        Dimensions: [{ Name: 'QueueName', Value: name }],
      },
      Period: 60,
      Stat: 'Maximum',
    },
  }));
  const request = new GetMetricDataCommand({
    MetricDataQueries,
    StartTime: new Date(now - measuredMs),
    EndTime: new Date(now),
    ScanBy: 'TimestampDescending',
  });
  try {
    const { MetricDataResults = [] } = await cloudwatch.send(request);
    const ages = MetricDataResults.flatMap(({ Id = '', Values: [seconds] = [] }) =>
      seconds === undefined ? [] : [[names[Number(Id.slice(1))] ?? '', seconds * 1000] as const],
    );
    return new Map(ages);
  } catch (error) {
    // The age is more than the depth; who may not ask for it does without.
    if (isDenied(error) || isUnsupported(error)) return new Map();
    throw error;
  }
}
