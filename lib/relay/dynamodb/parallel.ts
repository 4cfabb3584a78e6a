/** Calls to the table that run at once. */
export const maxParallelCalls = 16;

/**
 * Does `work` for each of `all`, some at once, and answers with the results in their order.
 *
 * Where one fails, nothing new is begun, what runs is awaited, and the failure is thrown: no call goes on
 * behind the caller's back.
 */
export async function inParallel<T, R>(
  all: readonly T[],
  work: (one: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  const queue = queueOf(all);
  const workers = Array.from({ length: maxParallelCalls }, async () => {
    // All workers draw from one generator. A failure leaves this loop and so ends it for the others too.
    for (const [index, one] of queue) results[index] = await work(one);
  });
  const failed = (await Promise.allSettled(workers)).find(({ status }) => status === 'rejected');
  if (failed?.status === 'rejected') throw failed.reason;
  return results;
}

function* queueOf<T>(all: readonly T[]): Generator<[index: number, one: T]> {
  yield* all.entries();
}
