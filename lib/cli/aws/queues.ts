import { GetMetricDataCommand } from '@aws-sdk/client-cloudwatch';
import {
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  ListQueuesCommand,
  type QueueAttributeName,
} from '@aws-sdk/client-sqs';

import { definedOnly } from '../../core/collections.ts';
import { OutboxError } from '../../core/errors.ts';
import { didYouMean } from '../names.ts';
import type { Clients } from './clients.ts';
import { isDenied, isMissing, isUnsupported, unlessMissing } from './failure.ts';
import type { InboxPlace } from './find.ts';
import { triggersOf } from './functions.ts';

type Queues = Pick<Clients, 'sqs'>;

/** A queue's attributes, by their names at SQS. */
export type QueueAttributes = Readonly<Record<string, string>>;

export async function attributesOf(
  queueUrl: string,
  { sqs }: Queues,
  names: readonly QueueAttributeName[] = ['All'],
): Promise<QueueAttributes> {
  const { Attributes = {} } = await sqs.send(
    new GetQueueAttributesCommand({ QueueUrl: queueUrl, AttributeNames: [...names] }),
  );
  return Attributes;
}

/** Messages in a queue, those in flight included; roughly, as SQS counts. */
export async function depthOf(queueUrl: string, clients: Queues): Promise<number> {
  const {
    ApproximateNumberOfMessages: visible = 0,
    ApproximateNumberOfMessagesNotVisible: hidden = 0,
  } = await attributesOf(queueUrl, clients, [
    'ApproximateNumberOfMessages',
    'ApproximateNumberOfMessagesNotVisible',
  ]);
  return Number(visible) + Number(hidden);
}

/** The URL of a queue that is named by its URL, its ARN or its name. */
export async function urlOfQueue(queue: string, { sqs }: Queues): Promise<string> {
  if (/^https?:\/\//.test(queue)) return queue;
  const [, account, name] = /^arn:[^:]*:sqs:[^:]*:([^:]*):(.+)$/.exec(queue) ?? [];
  const { QueueUrl = '' } = await sqs.send(
    new GetQueueUrlCommand({
      QueueName: name ?? queue,
      ...(account === undefined ? {} : { QueueOwnerAWSAccountId: account }),
    }),
  );
  return QueueUrl;
}

/**
 * The URL of a queue by its name, in upper or lower case, its URL or its ARN.
 *
 * @throws OutboxError `QUEUE_NOT_FOUND`, with the nearest name
 */
export async function findQueue(queue: string, clients: Queues): Promise<string> {
  try {
    return await urlOfQueue(queue, clients);
  } catch (error) {
    if (!isMissing(error)) throw error;
    const urls = await listQueues(clients);
    const name = nameOfQueue(queue);
    const [url, another] = urls.filter((one) => isSameName(nameOfQueue(one), name));
    if (url !== undefined && another === undefined) return url;
    throw new OutboxError(
      'QUEUE_NOT_FOUND',
      `there is no queue ${queue} in this region and account (--region, --profile).${didYouMean(name, urls.map(nameOfQueue))} outbox status and outbox doctor name those that matter; aws sqs list-queues all of them`,
      { details: { queue }, cause: error },
    );
  }
}

function isSameName(name: string, typed: string): boolean {
  return name.toLowerCase() === typed.toLowerCase();
}

/** All queues of the region, by URL; none where the caller may not list them. */
async function listQueues({ sqs }: Queues): Promise<string[]> {
  const urls: string[] = [];
  let NextToken: string | undefined;
  try {
    do {
      const answer = await sqs.send(new ListQueuesCommand({ MaxResults: 1000, NextToken }));
      urls.push(...(answer.QueueUrls ?? []));
      NextToken = answer.NextToken;
    } while (NextToken !== undefined);
  } catch (error) {
    if (!isDenied(error)) throw error;
  }
  return urls;
}

/** The name of a queue: the end of its URL or its ARN. */
export function nameOfQueue(urlOrArn: string): string {
  return urlOrArn.slice(Math.max(urlOrArn.lastIndexOf('/'), urlOrArn.lastIndexOf(':')) + 1);
}

type Services = Pick<Clients, 'cloudwatch' | 'lambda' | 'sqs'>;

/** What waits in the queue that an inbox's handler reads, and whether anything makes the handler read it. */
export interface InboxQueueFacts {
  /** Absent where the handler has no event source mapping of a queue, or several. */
  readonly queue?: string;
  /** Messages in it, those in flight included; roughly, as SQS counts. */
  readonly messages?: number;
  /** How long the oldest has waited, as CloudWatch last measured it. Absent where it may not be asked, or measured nothing. */
  readonly oldestMs?: number;
  /** State of the event source mapping, as Lambda reports it: Enabled, Disabled, …; `Missing` if the queue has none. */
  readonly mapping: string;
}

/** Looks at the queues of inboxes. */
export async function lookAtInboxQueues(
  inboxes: readonly InboxPlace[],
  clients: Services,
  now: number,
): Promise<InboxQueueFacts[]> {
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

async function lookAtQueue({ handler }: InboxPlace, clients: Services): Promise<InboxQueueFacts> {
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
