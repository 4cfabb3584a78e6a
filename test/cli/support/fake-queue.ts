import type { MessageAttributeValue } from '@aws-sdk/client-sqs';

import { someTime } from '../../support/entries.ts';
import { queueArn, queueUrl, type FakeQueue } from './account.ts';
import { awsError, type Answers } from './clients.ts';

/** A message in a queue of a test. */
export interface FakeMessage {
  readonly id: string;
  readonly body: string;
  readonly attributes?: Readonly<Record<string, string>>;
  readonly group?: string;
  /** Epoch milliseconds. @default - before any command of a test */
  readonly sentAt?: number;
}

/** Queues that hold messages: SQS as far as a redrive goes. */
export interface FakeQueues {
  readonly answers: Answers;
  /** The visible messages of a queue. */
  readonly visible: (queue: string) => FakeMessage[];
  readonly hidden: (queue: string) => FakeMessage[];
  /** What was sent, with all that was said of it. */
  readonly sent: Readonly<Record<string, unknown>>[];
}

/** When a command of a test sends, by the queue's clock. */
export const duringTests = someTime + 3_600_000;

interface Held {
  readonly message: FakeMessage;
  receives: number;
  isHidden: boolean;
}

/** SQS with these queues and messages. A standard queue gives two messages at a time, a FIFO one those of free groups. */
export function fakeQueues(
  contents: Readonly<Record<string, readonly FakeMessage[]>>,
  queues: readonly FakeQueue[] = [],
): FakeQueues {
  const held = new Map<string, Held[]>(
    Object.entries(contents).map(([name, messages]) => [
      name,
      messages.map((message) => ({ message, receives: 0, isHidden: false })),
    ]),
  );
  const sent: Record<string, unknown>[] = [];
  const nameOf = (url: string): string => url.slice(queueUrl('').length);
  const of = (url: string): Held[] => {
    const found = held.get(nameOf(url));
    if (found === undefined) throw awsError('QueueDoesNotExist', `no queue ${url}`);
    return found;
  };
  const find = (url: string, id: string): Held => {
    const found = of(url).find(({ message }) => message.id === id);
    if (found === undefined) throw awsError('ReceiptHandleIsInvalid');
    return found;
  };
  const answers: Record<string, (input: never) => unknown> = {
    GetQueueUrl: ({ QueueName }: { QueueName: string }) => {
      of(queueUrl(QueueName));
      return { QueueUrl: queueUrl(QueueName) };
    },
    GetQueueAttributes: ({ QueueUrl }: { QueueUrl: string }) => ({
      Attributes: {
        ApproximateNumberOfMessages: String(of(QueueUrl).length),
        QueueArn: queueArn(nameOf(QueueUrl)),
        ...queues.find(({ name }) => name === nameOf(QueueUrl))?.attributes,
      },
    }),
    ListQueues: () => ({ QueueUrls: [...held.keys()].map(queueUrl) }),
    ListDeadLetterSourceQueues: () => ({ queueUrls: [] }),
    ReceiveMessage: ({ QueueUrl }: { QueueUrl: string }) => ({
      Messages: take(of(QueueUrl)).map(toAnswer),
    }),
    ChangeMessageVisibilityBatch: (input: {
      QueueUrl: string;
      Entries: readonly { ReceiptHandle: string }[];
    }) => {
      for (const { ReceiptHandle } of input.Entries) {
        find(input.QueueUrl, ReceiptHandle).isHidden = false;
      }
      return {};
    },
    DeleteMessage: (input: { QueueUrl: string; ReceiptHandle: string }) => {
      find(input.QueueUrl, input.ReceiptHandle);
      const left = of(input.QueueUrl).filter(({ message }) => message.id !== input.ReceiptHandle);
      held.set(nameOf(input.QueueUrl), left);
      return {};
    },
    SendMessage: (input: { QueueUrl: string; MessageBody: string }) => {
      sent.push(input);
      const message = { id: `sent-${sent.length}`, body: input.MessageBody, sentAt: duringTests };
      of(input.QueueUrl).push({ message, receives: 0, isHidden: false });
      return {};
    },
  };
  const messagesOf = (name: string, isHidden: boolean): FakeMessage[] =>
    of(queueUrl(name))
      .filter((one) => one.isHidden === isHidden)
      .map(({ message }) => message);
  return {
    answers,
    sent,
    visible: (name) => messagesOf(name, false),
    hidden: (name) => messagesOf(name, true),
  };
}

function take(queue: readonly Held[]): Held[] {
  const blocked = new Set(
    queue.flatMap(({ message: { group }, isHidden }) =>
      isHidden && group !== undefined ? [group] : [],
    ),
  );
  const free = queue.filter(
    ({ message: { group }, isHidden }) => !isHidden && (group === undefined || !blocked.has(group)),
  );
  const taken = free.slice(0, 2);
  for (const one of taken) {
    one.isHidden = true;
    one.receives++;
  }
  return taken;
}

function toAnswer({ message, receives }: Held): object {
  const { id, body, attributes = {}, group, sentAt = 1_795_235_000_000 } = message;
  const toValue = (text: string): MessageAttributeValue => ({
    DataType: 'String',
    StringValue: text,
  });
  return {
    MessageId: id,
    Body: body,
    ReceiptHandle: id,
    Attributes: {
      ApproximateReceiveCount: String(receives),
      SentTimestamp: String(sentAt),
      ...(group === undefined ? {} : { MessageGroupId: group }),
    },
    MessageAttributes: Object.fromEntries(
      Object.entries(attributes).map(([name, text]) => [name, toValue(text)]),
    ),
  };
}
