import { ownLimits } from '../core/limits.ts';
import { withAttempt, type Waiting } from '../table/waiting.ts';
import type { WaitingFate } from './fate.ts';
import type { InvalidPageRow } from '../table/store.ts';

/** The waiting row of an entry that did not go. */
export function waitingFrom(fate: WaitingFate, now: number): Waiting {
  const { candidate, state, missing, holds, attempts, isAttempted, error } = fate;
  return {
    entry: candidate.entry,
    state,
    dueAt: now + fate.delayMs,
    attempts,
    missing,
    holds,
    error,
    ...(state === 'held' || !isAttempted ? {} : firstAttempt(now, error.code)),
  };
}

function firstAttempt(now: number, code: string): Partial<Waiting> {
  return { tried: withAttempt([], { at: now, code }), firstTriedAt: now, lastTriedAt: now };
}

/** The waiting row of a row that is no entry: parked at once, since no attempt can mend it. */
export function parkedFrom({ key, json, problem }: InvalidPageRow, now: number): Waiting {
  return {
    entry: { key, json: json.slice(0, ownLimits.maxInvalidRowChars) },
    state: 'parked',
    dueAt: now,
    attempts: 0,
    holds: false,
    error: { code: 'ENTRY_INVALID', message: problem },
  };
}
