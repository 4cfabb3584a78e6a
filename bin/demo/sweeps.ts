import { setTimeout as delay } from 'node:timers/promises';

import type { Deployment } from './cdk.ts';
import { runOutbox } from './outbox-command.ts';

const everyMs = 10_000;

/**
 * Runs the orders' sweeper more often than its schedule does while `work` is done: what is due shall not be
 * waited for a minute long.
 */
export async function sweepDuring<T>(
  { aws, prefix }: Pick<Deployment, 'aws' | 'prefix'>,
  work: Promise<T>,
): Promise<T> {
  const done = new AbortController();
  const end = (): void => {
    done.abort();
  };
  work.then(end, end);
  const sweeps = sweepUntil(done.signal, () =>
    runOutbox(['sweep', '--stack', `${prefix}Orders`], aws),
  );
  await Promise.all([work, sweeps]);
  return work;
}

async function sweepUntil(end: AbortSignal, sweep: () => Promise<unknown>): Promise<void> {
  while (!end.aborted) {
    await sweep();
    await delay(everyMs, undefined, { signal: end }).catch(() => undefined);
  }
}
