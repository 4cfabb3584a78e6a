import {
  DeleteMessageBatchCommand,
  ReceiveMessageCommand,
  type Message as SqsMessage,
  type SQSClient,
} from '@aws-sdk/client-sqs';

import type { Message } from '../../../lib/table/message.ts';

/** A consumer that keeps whatever arrives in its queue. */
export interface Consumer {
  readonly queueUrl: string;
  /** Takes what is in the queue. Answers with everything that arrived so far, in its order. */
  received(): Promise<readonly Message[]>;
}

export function createConsumer(queueUrl: string, queues: SQSClient): Consumer {
  const all: Message[] = [];
  return {
    queueUrl,
    received: async () => {
      for (;;) {
        const { Messages = [] } = await queues.send(
          new ReceiveMessageCommand({ QueueUrl: queueUrl, MaxNumberOfMessages: 10 }),
        );
        if (Messages.length === 0) return all;
        all.push(...Messages.map(toMessage));
        const Entries = Messages.map(({ ReceiptHandle }, index) => ({
          Id: String(index),
          ReceiptHandle,
        }));
        await queues.send(new DeleteMessageBatchCommand({ QueueUrl: queueUrl, Entries }));
      }
    },
  };
}

/** The message itself, or the one that a bus wrapped. */
function toMessage({ Body = '' }: SqsMessage): Message {
  const body = JSON.parse(Body) as { detail?: Message } & Message;
  return body.detail ?? body;
}
