import type { Clients } from '../aws/clients.ts';
import { urlOfQueue } from '../aws/queues.ts';
import type { Pace } from '../../relay/operate/pace.ts';
import { kindOf, type Kind } from './kind.ts';
import type { QueueMessage } from './message.ts';
import { createMover } from './move.ts';
import { giveBack, receive, remove } from './receive.ts';

/** What came of bringing a queue's messages back. */
export interface BroughtBack {
  readonly moved: number;
  /** Notes of batches that were given up. */
  readonly deleted: number;
  /** What is no message of an outbox, says not where it was meant to go, or came back at once. */
  readonly left: number;
}

export interface BringBack {
  readonly from: string;
  /** Where messages go that do not say so themselves. */
  readonly to: string | undefined;
  readonly pace: Pace;
  readonly onProgress: (messages: number) => void;
}

/** Brings messages back to the queues that they were meant for, until the queue holds nothing but what is left alone. */
export async function bringBack(
  task: BringBack,
  clients: Pick<Clients, 'sqs'>,
): Promise<BroughtBack> {
  let [moved, deleted] = [0, 0];
  const left: QueueMessage[] = [];
  const targets = new Map<string, string>();
  const move = createMover(task.from, clients);
  for await (const messages of receive(task.from, clients)) {
    // One after the other: the messages of a FIFO queue's group keep their order.
    for (const message of messages) {
      await task.pace();
      const kind = kindOf(message);
      const to = await targetOf(kind, task, { targets, clients });
      if (kind.kind === 'batch') await remove(task.from, message, clients).then(() => deleted++);
      else if (to !== undefined && (await move(message, to)) === 'moved') moved++;
      else left.push(message);
      task.onProgress(1);
    }
  }
  await giveBack(task.from, left, clients);
  return { moved, deleted, left: left.length };
}

/** The URL of the queue that a message goes to; each ARN is looked up once. */
async function targetOf(
  kind: Kind,
  { to }: BringBack,
  { targets, clients }: { targets: Map<string, string>; clients: Pick<Clients, 'sqs'> },
): Promise<string | undefined> {
  if (kind.kind !== 'message') return undefined;
  if (kind.target === undefined) return to;
  const known = targets.get(kind.target) ?? (await urlOfQueue(kind.target, clients));
  targets.set(kind.target, known);
  return known;
}
