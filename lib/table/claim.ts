import type { WaitingSummary } from './waiting-summary.ts';
import type { Waiting } from './waiting.ts';

/** What a waiting row is recognised by, and what a claim counts on from. */
export type SeenWaiting = Pick<
  WaitingSummary,
  'key' | 'state' | 'attempts' | 'dueAt' | 'unanswered'
>;

/** What a claim changes in a row. */
export type Claimed = Pick<Waiting, 'state' | 'attempts' | 'dueAt' | 'pageless'> &
  Required<Pick<Waiting, 'unanswered'>>;

/**
 * What a row is once somebody took it for an attempt: the attempt counts as started, and the row is due again
 * at `until` (epoch milliseconds) should its taker die.
 */
export function claimedFrom({ state, attempts, unanswered }: SeenWaiting, until: number): Claimed {
  return {
    state: 'retrying',
    dueAt: until,
    attempts: countOf(attempts) + 1,
    unanswered: countOf(unanswered) + 1,
    ...(state === 'deferred' ? { pageless: true } : {}),
  };
}

// Anyone who may write to the table can write nonsense, which must not stop what is due beside it.
function countOf(value: unknown): number {
  return Number.isSafeInteger(value) ? (value as number) : 0;
}
