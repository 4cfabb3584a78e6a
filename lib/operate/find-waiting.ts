import type { Entry } from '../table/entry.ts';
import { waitingKey, type Key } from '../table/keys.ts';
import { keyOfWaiting, type Waiting } from '../table/waiting.ts';
import type { OperateStore } from '../table/operate-store.ts';
import { select } from './selection.ts';

/**
 * The waiting row of an event. By its key where the entry is still in its page, or has no sequence;
 * else by a look at the index of what waits, never at the entries.
 */
export async function findWaitingOf(
  eventId: string,
  entry: Entry | undefined,
  store: OperateStore,
): Promise<Waiting | undefined> {
  // Without a sequence an entry waits under its own id, whatever its aggregate.
  const key = waitingKey(entry ?? { id: eventId, aggregate: '' });
  const waiting = await store.getWaiting(key);
  return waiting === undefined && entry === undefined ? findInIndex(eventId, store) : waiting;
}

/** The waiting row of a row that is no valid entry. */
export function findWaitingRow(key: Key, store: OperateStore): Promise<Waiting | undefined> {
  return store.getWaiting(keyOfWaiting({ key, json: '' }));
}

async function findInIndex(eventId: string, store: OperateStore): Promise<Waiting | undefined> {
  for await (const { id, key } of select(store, {})) {
    if (id === eventId) return store.getWaiting(key);
  }
  return undefined;
}
