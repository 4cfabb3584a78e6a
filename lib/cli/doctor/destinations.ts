import { GetTopicAttributesCommand, ListSubscriptionsByTopicCommand } from '@aws-sdk/client-sns';

import type { DestinationConfig } from '../../core/environment.ts';
import { isMissing } from '../aws/failure.ts';
import { attributesOf, type QueueAttributes } from '../aws/queues.ts';
import type { Session } from '../session.ts';
import { orUnknown, orWell, problem, warning, type Finding } from './finding.ts';

/** Checks that the queue exists, keeps order if it should, and has a dead-letter queue. */
export async function checkQueue(
  destination: DestinationConfig,
  { clients }: Session,
): Promise<Finding[]> {
  try {
    return judgeQueue(destination, await attributesOf(destination.target, clients));
  } catch (error) {
    if (!isMissing(error)) throw error;
    return [
      problem(
        `queue ${destination.name}`,
        `there is no queue ${destination.target}`,
        'deploy the queue, or give the Outbox another destination',
      ),
    ];
  }
}

function judgeQueue({ name, ordered }: DestinationConfig, attributes: QueueAttributes): Finding[] {
  const about = `queue ${name}`;
  const isFifo = attributes['FifoQueue'] === 'true';
  const findings = [
    ...(isFifo === ordered
      ? []
      : [
          problem(
            about,
            `the relay takes it for ${ordered ? 'a FIFO' : 'a standard'} queue, and it is none`,
            'deploy the stack of the Outbox again',
          ),
        ]),
    ...(attributes['RedrivePolicy'] === undefined
      ? [
          warning(
            about,
            'it has no dead-letter queue: a message that its consumer cannot handle is retried until it expires',
            'give it one; the Inbox construct does',
          ),
        ]
      : []),
  ];
  return orWell(findings, about, 'is there');
}

/** The topic is there, keeps order where it should, and somebody is subscribed. */
export async function checkTopic(
  destination: DestinationConfig,
  { clients }: Session,
): Promise<Finding[]> {
  const topic = { TopicArn: destination.target };
  try {
    const { Attributes = {} } = await clients.sns.send(new GetTopicAttributesCommand(topic));
    const about = `topic ${destination.name}`;
    const subscriptions = await orUnknown(about, async () => {
      const { Subscriptions = [] } = await clients.sns.send(
        new ListSubscriptionsByTopicCommand(topic),
      );
      return judgeSubscriptions(about, Subscriptions.length);
    });
    const findings = [...judgeTopic(destination, Attributes), ...subscriptions];
    return orWell(findings, about, 'is there, and has subscriptions');
  } catch (error) {
    if (!isMissing(error)) throw error;
    return [
      problem(
        `topic ${destination.name}`,
        `there is no topic ${destination.target}`,
        'deploy the topic, or give the Outbox another destination',
      ),
    ];
  }
}

function judgeTopic(
  { name, ordered }: DestinationConfig,
  attributes: Readonly<Record<string, string>>,
): Finding[] {
  const isFifo = attributes['FifoTopic'] === 'true';
  if (isFifo === ordered) return [];
  return [
    problem(
      `topic ${name}`,
      `the relay takes it for ${ordered ? 'a FIFO' : 'a standard'} topic, and it is none`,
      'deploy the stack of the Outbox again',
    ),
  ];
}

function judgeSubscriptions(about: string, subscriptions: number): Finding[] {
  if (subscriptions > 0) return [];
  return [
    warning(
      about,
      'it has no subscriptions: its events are lost',
      'deploy an Inbox, or leave the topic out',
    ),
  ];
}
