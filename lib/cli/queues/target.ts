import { ListDeadLetterSourceQueuesCommand } from '@aws-sdk/client-sqs';

import { OutboxError } from '../../core/errors.ts';
import type { Clients } from '../aws/clients.ts';
import { isDenied, isUnsupported } from '../aws/failure.ts';
import { tryToSee } from '../aws/looked.ts';
import { nameOfQueue } from '../aws/queues.ts';
import { readStack, stackNameOf, undeliveredQueue } from '../aws/stack.ts';

type Services = Pick<Clients, 'cloudformation' | 'sqs'>;

/**
 * The queue that messages of a dead-letter queue go back to, where they do not say so themselves: the one
 * queue that it is the dead-letter queue of, or the queue beside it in the same inbox.
 */
export async function usualTarget(
  queueUrl: string,
  clients: Services,
): Promise<string | undefined> {
  const [source, another] = await sourcesOf(queueUrl, clients);
  if (another !== undefined) return undefined;
  return source ?? (await queueBeside(queueUrl, clients));
}

/** No target is known for what was found: somebody must say which. */
export function noTarget(queueUrl: string): OutboxError {
  const queue = nameOfQueue(queueUrl);
  return new OutboxError(
    'OPTION_INVALID',
    `it is not known where the messages of ${queue} were meant to go: say so with --to`,
    { facts: { queue } },
  );
}

/** None where one may not ask, or asks a local AWS that does not know. */
async function sourcesOf(queueUrl: string, { sqs }: Services): Promise<string[]> {
  try {
    const { queueUrls = [] } = await sqs.send(
      new ListDeadLetterSourceQueuesCommand({ QueueUrl: queueUrl }),
    );
    return queueUrls;
  } catch (error) {
    if (isDenied(error) || isUnsupported(error)) return [];
    throw error;
  }
}

async function queueBeside(queueUrl: string, clients: Services): Promise<string | undefined> {
  const seen = await tryToSee(async () => {
    const stackName = await stackNameOf(queueUrl, clients);
    return stackName === undefined ? undefined : readStack(stackName, clients);
  });
  const resources = seen.status === 'seen' ? (seen.value?.resources ?? []) : [];
  const path = resources.find(({ physicalId }) => physicalId === queueUrl)?.path;
  if (path?.endsWith(undeliveredQueue) !== true) return undefined;
  const beside = `${path.slice(0, -undeliveredQueue.length)}/Queue`;
  return resources.find((resource) => resource.path === beside)?.physicalId;
}
