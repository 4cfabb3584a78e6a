import { backoffMs, type Backoff } from '../core/retry.ts';
import type { OutboxTable } from './outbox-table.ts';

/** Tries in all, and the waits between them: up to two and a half seconds together. */
export const patience = {
  maxTries: 8,
  backoff: { baseMs: 25, maxMs: 1000 } satisfies Backoff,
} as const;

/** Calls `attempt` until it answers true, and waits longer each time. Answers false where no try did. */
export async function untilDone(
  attempt: () => Promise<boolean>,
  { clock, random }: Pick<OutboxTable, 'clock' | 'random'>,
): Promise<boolean> {
  for (let tries = 1; ; tries++) {
    if (await attempt()) return true;
    if (tries === patience.maxTries) return false;
    await clock.sleep(backoffMs(tries, patience.backoff, random));
  }
}
