import { isInvalidRow, type Waiting } from '../../contract/waiting.ts';
import { backoffMs } from '../../runtime/backoff.ts';
import { retryBackoff, type Fate } from '../fate.ts';
import { receiptsFor } from '../receipts.ts';
import { logFate } from '../report.ts';
import type { SweepPorts } from './ports.ts';

/**
 * Writes down what an attempt made of a row that was claimed for it; answers whether the row no longer
 * holds its aggregate.
 *
 * Where somebody else changed the row meanwhile, theirs stands: at worst the entry is delivered again.
 */
export async function record(claimed: Waiting, fate: Fate, ports: SweepPorts): Promise<boolean> {
  if (fate.status === 'published') return settle(claimed, ports);
  logFate(fate, ports.log);
  const next = after(claimed, fate, ports);
  const isChanged = await ports.store.changeWaiting(claimed, next);
  return isChanged && !next.holds;
}

async function settle(claimed: Waiting, ports: SweepPorts): Promise<boolean> {
  const { entry, state } = claimed;
  if (isInvalidRow(entry)) return false;
  const [receipt] = receiptsFor('published', { entries: [entry], invalidRows: [] }, ports);
  if (receipt === undefined) return false;
  // A deferred event lay in no page until now.
  return ports.store.removeWaiting(claimed, {
    receipt,
    ...(state === 'deferred' ? { entry } : {}),
  });
}

function after(
  claimed: Waiting,
  fate: Exclude<Fate, { status: 'published' }>,
  { clock, random }: SweepPorts,
): Waiting {
  const now = clock.now();
  const { error } = fate;
  const tried = { ...claimed, error, firstTriedAt: claimed.firstTriedAt ?? now, lastTriedAt: now };
  if (fate.status === 'waiting') {
    const { state, missing, attempts, delayMs } = fate;
    // What waits may come to hold less as destinations get it, never more.
    const holds = claimed.holds && fate.holds;
    return { ...tried, state, missing, holds, attempts, dueAt: now + delayMs };
  }
  // Nobody could be reached: nothing is known against the entry, and the attempt does not count.
  const attempts = claimed.attempts - 1;
  const delayMs = backoffMs(Math.max(1, attempts), retryBackoff, random);
  return { ...tried, attempts, dueAt: now + delayMs };
}
