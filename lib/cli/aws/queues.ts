import {
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  ListQueuesCommand,
  type QueueAttributeName,
} from '@aws-sdk/client-sqs';

import { OutboxError } from '../../core/errors.ts';
import type { Clients } from './clients.ts';
import { didYouMean } from '../names.ts';
import { isDenied, isMissing } from './failure.ts';

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
      { facts: { queue }, cause: error },
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
