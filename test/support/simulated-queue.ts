import { randomUUID } from 'node:crypto';

import type { SendMessageCommandInput } from '@aws-sdk/client-sqs';

import type { SqsBatchResponse, SqsRecord } from '../../lib/runtime.ts';

/** What was taken from a queue by one invocation. */
export interface TakenMessages {
  readonly records: SqsRecord[];
}

/** A queue that delivers in any order (a standard one) and again what was not acknowledged. */
export interface SimulatedQueue {
  put(body: string, group: string): void;
  /** Some of what is visible. */
  take(): TakenMessages;
  /** Forgets what was acknowledged; the rest becomes visible again. */
  settle(taken: TakenMessages, answer: SqsBatchResponse | 'lost'): void;
  /** What an SQS client's `send` does. */
  send(command: { input: object }): Promise<never>;
  size(): number;
  /** Loses all that it holds. */
  purge(): void;
  /** The most that any message was received. */
  mostReceives(): number;
  /** Bodies that were sent to other queues. */
  readonly elsewhere: string[];
}

interface Held {
  readonly id: string;
  readonly body: string;
  readonly group: string;
  receives: number;
  isVisible: boolean;
}

const batchSize = 10;

export function simulatedQueue(options: {
  random: () => number;
  isFifo: boolean;
  queueUrl: string;
}): SimulatedQueue {
  const { random, isFifo, queueUrl } = options;
  let held: Held[] = [];
  let most = 0;
  const elsewhere: string[] = [];
  const put = (body: string, group: string): void => {
    held.push({ id: randomUUID(), body, group, receives: 0, isVisible: true });
  };
  const takeOne = (): Held[] => {
    const candidates = isFifo ? firstOfGroups(held) : held.filter(({ isVisible }) => isVisible);
    const chosen = candidates[Math.floor(random() * candidates.length)];
    if (chosen === undefined) return [];
    chosen.isVisible = false;
    chosen.receives += 1;
    most = Math.max(most, chosen.receives);
    return [chosen];
  };
  return {
    elsewhere,
    put,
    size: () => held.length,
    purge: () => {
      held = [];
    },
    mostReceives: () => most,
    take: () => {
      const wanted = 1 + Math.floor(random() * batchSize);
      const taken = Array.from({ length: wanted }, takeOne).flat();
      return { records: taken.map((one) => toRecord(one, queueUrl)) };
    },
    settle: ({ records }, answer) => {
      const failed =
        answer === 'lost'
          ? records.map(({ messageId }) => messageId)
          : answer.batchItemFailures.map(({ itemIdentifier }) => itemIdentifier);
      const done = records.filter(({ messageId }) => !failed.includes(messageId));
      held = held.filter(({ id }) => !done.some(({ messageId }) => messageId === id));
      for (const one of held) if (failed.includes(one.id)) one.isVisible = true;
    },
    send: ({ input }) => {
      const { QueueUrl, MessageBody = '', MessageGroupId } = input as SendMessageCommandInput;
      if (QueueUrl === queueUrl) put(MessageBody, MessageGroupId ?? '');
      else elsewhere.push(MessageBody);
      return Promise.resolve({} as never);
    },
  };
}

/** Of a FIFO queue's group nothing comes while something of it is being handled. */
function firstOfGroups(held: readonly Held[]): Held[] {
  return [...Map.groupBy(held, ({ group }) => group).values()].flatMap(([first]) =>
    first?.isVisible === true ? [first] : [],
  );
}

function toRecord({ id, body, group, receives }: Held, queueUrl: string): SqsRecord {
  const arn = queueUrl.replace('https://sqs.invalid/', 'arn:aws:sqs:eu-west-1:').replace('/', ':');
  return {
    messageId: id,
    body,
    eventSourceARN: arn,
    attributes: {
      ApproximateReceiveCount: String(receives),
      ...(arn.endsWith('.fifo') ? { MessageGroupId: group } : {}),
    },
    messageAttributes: {},
  };
}
