import { createHash } from 'node:crypto';

import {
  ChangeMessageVisibilityBatchCommand,
  DeleteMessageCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  type SendMessageCommandInput,
} from '@aws-sdk/client-sqs';

import { inParts } from '../../core/collections.ts';
import { inParallel } from '../../core/concurrency.ts';
import type { Clock } from '../../core/ports.ts';
import { deadLetterAttributes } from '../../inbox/dead-letter.ts';
import type { Clients } from '../aws/clients.ts';
import { toQueueMessage, type QueueMessage } from './messages.ts';

type Queues = Pick<Clients, 'sqs'>;

/** Where a queue is, and what looking through it takes. */
export interface QueueToScan {
  readonly queueUrl: string;
  readonly clients: Queues;
  readonly clock: Clock;
}

/**
 * What a visitor does with a message.
 *
 * - `taken`: the visitor deleted it.
 * - `left`: the message goes back to the queue.
 * - `last`: like `left`, and the scan ends.
 */
export type Visited = 'taken' | 'left' | 'last';

/** How far a scan came. */
export interface Scan {
  /** Messages that were visited. */
  readonly seen: number;
  /** Messages that were given back. */
  readonly left: number;
  /** Whether the scan ended before the queue did: there may be more. */
  readonly isCut: boolean;
}

/** SQS returns at most 10 messages a call, and changes at most 10 a batch. https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html */
const maxPerCall = 10;
/** How long a received message is hidden from others. A command that is killed hides what it received for so long. */
export const hiddenSeconds = 120;
/** A scan ends before the message that it received first is visible again: it would never see the end of the queue. */
const maxScanMs = (hiddenSeconds - 20) * 1000;
/** Messages that a scan hides at once: a bound for its memory. SQS itself allows about 120,000 in flight. */
const maxHidden = 50_000;
const parallelReceives = 5;
const parallelCalls = 10;

/**
 * Visits the messages of a queue, each once, and gives back those that the visitor leaves.
 *
 * Ends when the queue is empty, when `limit` messages were visited, when the visitor says so, or at its bounds: 100
 * seconds or 50,000 messages left. It holds ids and receipt handles only, no bodies. While it runs, what it received is
 * hidden from others. Visits one message after the other, so that the messages of a FIFO group keep their order. Of such
 * a group nothing more comes until what came before is deleted.
 */
export async function scanQueue(
  { queueUrl, clients, clock }: QueueToScan,
  visit: (message: QueueMessage) => Promise<Visited>,
  limit = Infinity,
): Promise<Scan> {
  const endsAt = clock.now() + maxScanMs;
  const seen = new Set<string>();
  const left = new Map<string, string>();
  let isEnded = false;
  let isEmpty = false;
  const mayGoOn = (): boolean => !isEnded && clock.now() < endsAt && left.size < maxHidden;
  let visited = 0;
  try {
    // One message beyond the limit tells whether there are more.
    while (mayGoOn() && seen.size <= limit) {
      const messages = await receiveSome(queueUrl, limit + 1 - seen.size, clients);
      isEmpty = messages.length === 0;
      if (isEmpty) break;
      for (const { id, receiptHandle } of messages) left.set(id, receiptHandle);
      for (const message of messages) {
        if (seen.has(message.id)) continue;
        seen.add(message.id);
        if (isEnded || visited >= limit) continue;
        visited++;
        const did = await visit(message);
        if (did === 'taken') left.delete(message.id);
        isEnded = did === 'last';
      }
    }
  } finally {
    await giveBack(queueUrl, [...left.values()], clients);
  }
  return { seen: visited, left: left.size, isCut: !isEmpty };
}

/**
 * Scans a queue until its end, or until a scan takes nothing: what SQS shows of a long queue differs from scan to scan.
 *
 * @param begin called at the start of each scan; returns its visitor
 * @returns the last scan
 */
export async function drainQueue(
  queue: QueueToScan,
  begin: () => (message: QueueMessage) => Promise<Visited>,
): Promise<Scan> {
  for (;;) {
    let taken = 0;
    const visit = begin();
    const scan = await scanQueue(queue, async (message) => {
      const did = await visit(message);
      if (did === 'taken') taken++;
      return did;
    });
    if (!scan.isCut || taken === 0) return scan;
  }
}

/** Looks at up to so many messages of a queue, and keeps of each what `pick` returns. They count as received once more. */
export async function peek<T>(
  queue: QueueToScan,
  limit: number,
  pick: (message: QueueMessage) => T | undefined,
): Promise<Scan & { readonly picked: T[] }> {
  const picked: T[] = [];
  const scan = await scanQueue(
    queue,
    (message) => {
      const kept = pick(message);
      if (kept !== undefined) picked.push(kept);
      return Promise.resolve('left');
    },
    limit,
  );
  return { ...scan, picked };
}

/** Receives up to so many messages by several calls at once. None means that the queue is empty. */
async function receiveSome(
  queueUrl: string,
  wanted: number,
  { sqs }: Queues,
): Promise<QueueMessage[]> {
  const calls = Math.min(parallelReceives, Math.ceil(wanted / maxPerCall));
  const answers = await Promise.all(
    Array.from({ length: calls }, () =>
      sqs.send(
        new ReceiveMessageCommand({
          QueueUrl: queueUrl,
          MaxNumberOfMessages: maxPerCall,
          VisibilityTimeout: hiddenSeconds,
          // Without a wait only some of the queue's servers are asked, and a full queue may look empty.
          WaitTimeSeconds: 2,
          MessageAttributeNames: ['All'],
          MessageSystemAttributeNames: ['All'],
        }),
      ),
    ),
  );
  return answers.flatMap(({ Messages = [] }) => Messages.map(toQueueMessage));
}

/**
 * Makes messages visible again at once. Those that were held for too long are visible already.
 *
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ChangeMessageVisibilityBatch.html
 */
export async function giveBack(
  queueUrl: string,
  receiptHandles: readonly string[],
  { sqs }: Queues,
): Promise<void> {
  await inParallel(inParts(receiptHandles, maxPerCall), parallelCalls, async (handles) => {
    const Entries = handles.map((ReceiptHandle, index) => ({
      Id: String(index),
      ReceiptHandle,
      VisibilityTimeout: 0,
    }));
    const { Failed = [] } = await sqs.send(
      new ChangeMessageVisibilityBatchCommand({ QueueUrl: queueUrl, Entries }),
    );
    const failed = Failed.find(
      ({ Code = '' }) => !lapsedCodes.includes(Code.split('.').at(-1) ?? ''),
    );
    if (failed === undefined) return;
    const { Code = 'unknown', Message = '' } = failed;
    throw Object.assign(new Error(Message || Code), { name: Code });
  });
}

/** The message was received again meanwhile, or is visible: nothing is left to do. */
const lapsedCodes = ['InvalidParameterValue', 'MessageNotInflight', 'ReceiptHandleIsInvalid'];

export async function remove(
  queueUrl: string,
  { receiptHandle }: QueueMessage,
  { sqs }: Queues,
): Promise<void> {
  await sqs.send(new DeleteMessageCommand({ QueueUrl: queueUrl, ReceiptHandle: receiptHandle }));
}

/**
 * What was done with a message.
 *
 * - `came back`: it was moved, and its consumer put it aside again. It stays where it is.
 * - `arrived`: it was sent to the queue after the command began. It stays where it is: a queue that fills as fast as it
 *   is emptied would never end.
 */
export type Moved = 'moved' | 'came back' | 'arrived';

/** Moves of messages with the same body, after which the next one counts as one that came back: ends also where clocks differ. */
const maxCopies = 10;

/**
 * Moves messages to other queues. Two copies of a message that were both there before are both moved.
 *
 * A message is sent to its queue first and deleted second. One that breaks off in between is in both, and the inbox drops
 * the second.
 *
 * @param startedAt when the command began, epoch milliseconds
 */
export function createMover(
  { queueUrl, clients }: Pick<QueueToScan, 'queueUrl' | 'clients'>,
  startedAt: number,
): (message: QueueMessage, to: string) => Promise<Moved> {
  const moves = new Map<string, number>();
  return async (message, to) => {
    // A message that comes back has a new id; its body stays.
    const digest = createHash('sha256').update(message.body).digest('base64');
    const before = moves.get(digest) ?? 0;
    const isNew = message.sentAt > startedAt;
    if (before >= maxCopies || (isNew && before > 0)) return 'came back';
    if (isNew) return 'arrived';
    await clients.sqs.send(new SendMessageCommand(toRequest(message, to)));
    moves.set(digest, before + 1);
    await remove(queueUrl, message, clients);
    return 'moved';
  };
}

/** The message as it was before it was put aside: without the reasons for that. */
function toRequest(
  { id, body, attributes, group }: QueueMessage,
  to: string,
): SendMessageCommandInput {
  const own = Object.entries(attributes).filter(([name]) => !reasons.has(name));
  const isFifo = to.endsWith('.fifo');
  return {
    QueueUrl: to,
    MessageBody: body,
    MessageAttributes: Object.fromEntries(own),
    // Its own id, not the event's: within five minutes of the first delivery the queue would drop it.
    ...(isFifo ? { MessageGroupId: group ?? id, MessageDeduplicationId: id } : {}),
  };
}

/** The attributes that an inbox, EventBridge and SNS add to a dead-lettered message. */
const reasons: ReadonlySet<string> = new Set([
  ...Object.values(deadLetterAttributes),
  'ERROR_CODE',
  'ERROR_MESSAGE',
  'EXHAUSTED_RETRY_CONDITION',
  'RETRY_ATTEMPTS',
  'RULE_ARN',
  'TARGET_ARN',
  'ErrorCode',
  'ErrorMessage',
  'RequestID',
]);
