import {
  DeleteMessageCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  type Message,
  type SQSClient,
} from '@aws-sdk/client-sqs';

import type { Run } from './run.ts';
import { inboxesOf } from './shop.ts';
import { sumOf } from './sum.ts';

/** The wait time of a receive call, and the visibility timeout of the messages that it takes. */
const seconds = { wait: 1, hidden: 30 };

/**
 * Makes trouble while `work` is done: takes messages out of the inboxes' queues, and puts each back twice, the
 * last first. Answers with how many more messages there are than before.
 */
export async function disorderDuring(run: Run, work: Promise<unknown>): Promise<number> {
  let isDone = false;
  const end = (): void => {
    isDone = true;
  };
  work.then(end, end);
  const disorder = async (queueUrl: string): Promise<number> => {
    const doubled = new Set<string>();
    while (!isDone) await disorderOnce(run.clients.queues, { queueUrl, doubled });
    return doubled.size;
  };
  const copies = await Promise.all(inboxesOf(run.shop).map(({ queueUrl }) => disorder(queueUrl)));
  await work;
  return sumOf(copies, (count) => count);
}

interface Disordered {
  readonly queueUrl: string;
  /** Bodies that are there twice: there shall not be ever more of them. */
  readonly doubled: Set<string>;
}

async function disorderOnce(queues: SQSClient, disordered: Disordered): Promise<void> {
  const { queueUrl: QueueUrl, doubled } = disordered;
  const { Messages = [] } = await queues.send(
    new ReceiveMessageCommand({
      QueueUrl,
      MaxNumberOfMessages: 10,
      WaitTimeSeconds: seconds.wait,
      VisibilityTimeout: seconds.hidden,
    }),
  );
  for (const MessageBody of [...Messages.toReversed(), ...Messages.filter(isNew)].map(bodyOf)) {
    await queues.send(new SendMessageCommand({ QueueUrl, MessageBody }));
    doubled.add(MessageBody);
  }
  for (const { ReceiptHandle } of Messages) {
    await queues.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
  }

  function isNew(message: Message): boolean {
    return !doubled.has(bodyOf(message));
  }
}

function bodyOf({ Body = '' }: Message): string {
  return Body;
}
