import type { Key, Page } from '../contract/keys.ts';
import type { Waiting } from '../contract/waiting.ts';
import type { WaitingFate } from './fate.ts';

/** A row in an entry's place that is no valid entry. */
export interface MisshapenRow {
  readonly key: Key;
  /** The row as JSON. */
  readonly json: string;
  /** The page that it lies in; absent where its partition key is no page's, and no receipt is owed. */
  readonly page?: Page;
  readonly problem: string;
}

/** Characters of a misshapen row that are kept: enough to judge it by, and sure to fit in an item. */
const maxJsonChars = 50_000;

/** The waiting row of an entry that did not go. */
export function waitingFrom(fate: WaitingFate, now: number): Waiting {
  const { candidate, state, missing, holds, attempts, error } = fate;
  return {
    entry: candidate.entry,
    state,
    dueAt: now + fate.delayMs,
    attempts,
    missing,
    holds,
    error,
    ...(attempts === 0 ? {} : { firstTriedAt: now, lastTriedAt: now }),
  };
}

/** The waiting row of a row that is no entry: parked at once, since no attempt can mend it. */
export function parkedFrom({ key, json, problem }: MisshapenRow, now: number): Waiting {
  return {
    entry: { key, json: json.slice(0, maxJsonChars) },
    state: 'parked',
    dueAt: now,
    attempts: 0,
    holds: false,
    error: { code: 'ENTRY_INVALID', message: problem },
  };
}
