import { deferredEntryKey, waitingKey } from '../../contract/keys.ts';
import type { Draft } from '../event/draft.ts';
import type { Writer } from './writer.ts';

/** When an event is due that is not due yet at `now`. Epoch milliseconds. */
export function dueAfter(now: number, { deliverAt }: Partial<Draft> = {}): number | undefined {
  return deliverAt !== undefined && deliverAt > now ? deliverAt : undefined;
}

/**
 * Ids of events that were deferred when they were first written, and have come due since: written again, they
 * would go to another place than then, and be delivered twice.
 */
export async function findComeDue(
  drafts: readonly Draft[],
  now: number,
  writer: Writer,
): Promise<string[]> {
  const due = drafts.filter(({ deliverAt = Infinity }) => deliverAt <= now);
  const found = await Promise.all(due.map((draft) => isThere(draft, writer)));
  return due.filter((_, index) => found[index]).map(({ entry }) => entry.id);
}

async function isThere({ entry }: Draft, { config, transactor }: Writer): Promise<boolean> {
  const { tableName, shards } = config;
  // In the order of its way: one that leaves the waiting room between two looks is met in its page.
  const waiting = await transactor.get(tableName, { ...waitingKey(entry) });
  if (waiting !== undefined) return true;
  const inPage = await transactor.get(tableName, { ...deferredEntryKey(entry, shards) });
  return inPage !== undefined;
}
