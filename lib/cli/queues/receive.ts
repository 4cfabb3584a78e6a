import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  ReceiveMessageCommand,
} from '@aws-sdk/client-sqs';

import { inParallel } from '../../runtime/in-parallel.ts';
import type { Clients } from '../aws/clients.ts';
import { toQueueMessage, type QueueMessage } from './message.ts';

type Queues = Pick<Clients, 'sqs'>;

/** As many as SQS gives at once. https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html */
const receivedAtOnce = 10;
/** How long what was received is hidden from others: long enough to deal with it, short enough to lose little by a crash. */
export const hiddenSeconds = 120;
const parallelCalls = 10;

/**
 * What is in a queue, some messages at a time, until it is empty. Each is hidden from others for two
 * minutes; one that comes again after that is left out.
 *
 * Of a FIFO queue's group nothing more comes until what came before is deleted.
 */
export async function* receive(queueUrl: string, { sqs }: Queues): AsyncGenerator<QueueMessage[]> {
  const seen = new Set<string>();
  for (;;) {
    const { Messages = [] } = await sqs.send(
      new ReceiveMessageCommand({
        QueueUrl: queueUrl,
        MaxNumberOfMessages: receivedAtOnce,
        VisibilityTimeout: hiddenSeconds,
        // Without a wait only some of the queue's servers are asked, and a full queue may look empty.
        WaitTimeSeconds: 2,
        MessageAttributeNames: ['All'],
        MessageSystemAttributeNames: ['All'],
      }),
    );
    if (Messages.length === 0) return;
    const fresh = Messages.map(toQueueMessage).filter(({ id }) => !seen.has(id));
    for (const { id } of fresh) seen.add(id);
    yield fresh;
  }
}

/** Looks at up to so many messages of a queue, and gives them back. They count as received once more. */
export async function peek(
  queueUrl: string,
  limit: number,
  clients: Queues,
): Promise<{ messages: QueueMessage[]; isCut: boolean }> {
  const messages: QueueMessage[] = [];
  for await (const some of receive(queueUrl, clients)) {
    messages.push(...some);
    if (messages.length > limit) break;
  }
  await giveBack(queueUrl, messages, clients);
  return { messages: messages.slice(0, limit), isCut: messages.length > limit };
}

/** Lets others see messages again at once. What was held for too long they see already. */
export async function giveBack(
  queueUrl: string,
  messages: readonly QueueMessage[],
  { sqs }: Queues,
): Promise<void> {
  await inParallel(messages, parallelCalls, async ({ receiptHandle }) => {
    const request = { QueueUrl: queueUrl, ReceiptHandle: receiptHandle, VisibilityTimeout: 0 };
    try {
      await sqs.send(new ChangeMessageVisibilityCommand(request));
    } catch (error) {
      if (!isOutOfHand(error)) throw error;
    }
  });
}

/** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ChangeMessageVisibility.html */
const outOfHandNames = ['InvalidParameterValue', 'MessageNotInflight', 'ReceiptHandleIsInvalid'];

/** Whether the message was received again, or has to be, before anything can be done with it. */
function isOutOfHand(error: unknown): boolean {
  return error instanceof Error && outOfHandNames.includes(error.name);
}

export async function remove(
  queueUrl: string,
  { receiptHandle }: QueueMessage,
  { sqs }: Queues,
): Promise<void> {
  await sqs.send(new DeleteMessageCommand({ QueueUrl: queueUrl, ReceiptHandle: receiptHandle }));
}
