import type { Clock } from './ports.ts';

/**
 * Does `work` for each item, at most `limit` at a time, and returns the results in the items' order.
 *
 * Where one fails, nothing new is begun, what runs is awaited, and the failure is thrown: nothing goes on
 * behind the caller's back.
 */
export async function inParallel<T, R>(
  items: readonly T[],
  limit: number,
  work: (item: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  const queue = queueOf(items);
  const workers = Array.from({ length: Math.min(limit, items.length) }, async () => {
    // All workers draw from one generator. A failure leaves this loop, and so ends it for the others too.
    for (const [index, item] of queue) results[index] = await work(item);
  });
  const failed = (await Promise.allSettled(workers)).find(({ status }) => status === 'rejected');
  if (failed?.status === 'rejected') throw failed.reason;
  return results;
}

function* queueOf<T>(items: readonly T[]): Generator<[index: number, item: T]> {
  yield* items.entries();
}

/** Waits until the next may go. */
export type Pace = (count?: number) => Promise<void>;

/** Lets so many a second go, evenly. What went before the pace began delays no call. */
export function createPace(perSecond: number, clock: Clock): Pace {
  let freeAt = clock.now();
  return async (count = 1) => {
    const now = clock.now();
    const waitMs = freeAt - now;
    freeAt = Math.max(now, freeAt) + (count * 1000) / perSecond;
    if (waitMs > 0) await clock.sleep(waitMs);
  };
}
