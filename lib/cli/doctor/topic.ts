import { GetTopicAttributesCommand, ListSubscriptionsByTopicCommand } from '@aws-sdk/client-sns';

import type { DestinationConfig } from '../../contract/environment.ts';
import { isMissing } from '../aws/failure.ts';
import type { Session } from '../session.ts';
import { orWell, problem, warning, type Finding } from './finding.ts';

/** The topic is there, keeps order where it should, and somebody is subscribed. */
export async function checkTopic(
  destination: DestinationConfig,
  { clients }: Session,
): Promise<Finding[]> {
  const topic = { TopicArn: destination.target };
  try {
    const { Attributes = {} } = await clients.sns.send(new GetTopicAttributesCommand(topic));
    const { Subscriptions = [] } = await clients.sns.send(
      new ListSubscriptionsByTopicCommand(topic),
    );
    return judgeTopic(destination, Attributes, Subscriptions.length);
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
  subscriptions: number,
): Finding[] {
  const about = `topic ${name}`;
  const isFifo = attributes['FifoTopic'] === 'true';
  const findings = [
    ...(isFifo === ordered
      ? []
      : [
          problem(
            about,
            `the relay takes it for ${ordered ? 'a FIFO' : 'a standard'} topic, and it is none`,
            'deploy the stack of the Outbox again',
          ),
        ]),
    ...(subscriptions === 0
      ? [
          warning(
            about,
            'nobody is subscribed: its events reach nobody',
            'deploy an Inbox, or leave the topic out',
          ),
        ]
      : []),
  ];
  return orWell(findings, about, 'is there, and has subscriptions');
}
