import type { Target } from '@aws-sdk/client-eventbridge';

import type { Clients } from '../aws/clients.ts';
import { attributesOf, nameOfQueue, urlOfQueue } from '../aws/queues.ts';
import { unlessMissing } from '../aws/failure.ts';
import { orUnknown, problem, warning, type Finding } from './finding.ts';
import { letsSend } from './queue-policy.ts';

/** A target of a rule has a dead-letter queue, and the bus may send to both. */
export async function checkTarget(
  rule: { readonly name: string; readonly arn: string },
  { Arn = '', DeadLetterConfig }: Target,
  clients: Pick<Clients, 'sqs'>,
): Promise<Finding[]> {
  const about = `rule ${rule.name}`;
  const deadLetters = DeadLetterConfig?.Arn;
  const queues = [Arn, deadLetters ?? ''].filter((arn) => arn.includes(':sqs:'));
  const checked = await Promise.all(
    queues.map((queue) => orUnknown(about, () => checkQueue(about, queue, { rule, clients }))),
  );
  const none =
    deadLetters === undefined
      ? [
          warning(
            about,
            `its target ${Arn} has no dead-letter queue: what cannot be delivered within a day is dropped`,
            'give the target a dead-letter queue; the Inbox construct does',
          ),
        ]
      : [];
  return [...none, ...checked.flat()];
}

async function checkQueue(
  about: string,
  queueArn: string,
  { rule, clients }: { rule: { arn: string }; clients: Pick<Clients, 'sqs'> },
): Promise<Finding[]> {
  const name = nameOfQueue(queueArn);
  const attributes = await unlessMissing(async () =>
    attributesOf(await urlOfQueue(queueArn, clients), clients, ['Policy', 'KmsMasterKeyId']),
  );
  if (attributes === undefined) {
    return [
      problem(
        about,
        `there is no queue ${name}: its events are lost`,
        'deploy the stack that defines the queue again, or remove the rule',
      ),
    ];
  }
  const { Policy, KmsMasterKeyId = '' } = attributes;
  const service = 'events.amazonaws.com';
  return [
    ...(letsSend(Policy, { service, sourceArn: rule.arn })
      ? []
      : [
          problem(
            about,
            `the policy of queue ${name} does not let ${service} send for ${rule.arn}: its events are lost`,
            'deploy the stack that defines the queue again',
          ),
        ]),
    ...(/(^|\/)alias\/aws\/sqs$/.test(KmsMasterKeyId)
      ? [
          problem(
            about,
            `queue ${name} is encrypted by alias/aws/sqs, which no other service may use: its events are lost`,
            'encrypt it with a key that SQS owns, or with one of yours',
          ),
        ]
      : []),
  ];
}
