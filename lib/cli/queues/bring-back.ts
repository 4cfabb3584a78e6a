import type { Pace } from '../../core/pace.ts';
import type { Clients } from '../aws/clients.ts';
import { urlOfQueue } from '../aws/queues.ts';
import { kindOf, type Kind } from './kind.ts';
import { createMover } from './move.ts';
import { drainQueue, remove, type QueueToScan, type Visited } from './receive.ts';

/** What was done with a queue's messages. */
export interface BroughtBack {
  readonly moved: number;
  /** Notes of batches that the relay's trigger discarded. */
  readonly deleted: number;
  /** Messages that are not of an outbox, or that do not say where they were meant to go. */
  readonly left: number;
  /** Messages that were moved, and that their consumer put aside again while the command ran. */
  readonly cameBack: number;
  /** Messages that arrived while the command ran. */
  readonly arrived: number;
  /** Whether there may be more that were not looked at. */
  readonly isCut: boolean;
}

export interface BringBack {
  readonly from: QueueToScan;
  /** Where messages go that do not say so themselves. */
  readonly to: string | undefined;
  readonly pace: Pace;
  readonly onProgress: (messages: number) => void;
}

/** Brings messages back to the queues that they were meant for, until the queue holds nothing but what is left alone. */
export async function bringBack({ from, to, pace, onProgress }: BringBack): Promise<BroughtBack> {
  const { queueUrl, clients, clock } = from;
  let [moved, deleted] = [0, 0];
  const nothingLeft = { left: 0, cameBack: 0, arrived: 0 };
  let kept = { ...nothingLeft };
  const targets = new Map<string, string>();
  const move = createMover(from, clock.now());
  const { isCut } = await drainQueue(from, () => {
    kept = { ...nothingLeft };
    return async (message): Promise<Visited> => {
      onProgress(1);
      const kind = kindOf(message);
      if (kind.kind === 'batch') {
        await pace();
        await remove(queueUrl, message, clients);
        deleted++;
        return 'taken';
      }
      const target = await targetOf(kind, to, { targets, clients });
      if (target === undefined) {
        kept.left++;
        return 'left';
      }
      await pace();
      const did = await move(message, target);
      if (did === 'moved') {
        moved++;
        return 'taken';
      }
      kept[did === 'came back' ? 'cameBack' : 'arrived']++;
      return 'left';
    };
  });
  return { moved, deleted, ...kept, isCut };
}

/** The URL of the queue that a message goes to; each ARN is looked up once. */
async function targetOf(
  kind: Kind,
  to: string | undefined,
  { targets, clients }: { targets: Map<string, string>; clients: Pick<Clients, 'sqs'> },
): Promise<string | undefined> {
  if (kind.kind !== 'message') return undefined;
  if (kind.target === undefined) return to;
  const known = targets.get(kind.target) ?? (await urlOfQueue(kind.target, clients));
  targets.set(kind.target, known);
  return known;
}
