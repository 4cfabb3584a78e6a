import type { Row } from './entry.ts';
import type { Key } from './keys.ts';
import { pickDefined } from '../core/pick.ts';
import {
  waitingIndexAttributes,
  waitingToRow,
  type GiveUp,
  type Waiting,
  type WaitingState,
} from './waiting.ts';

/** What the waiting index tells of a waiting row: enough to list and to pick, never the data. */
export interface WaitingSummary {
  readonly key: Key;
  readonly state: WaitingState;
  /** Epoch milliseconds, as all times here. */
  readonly dueAt: number;
  readonly attempts: number;
  readonly holds: boolean;
  /** Attempts started of which nobody learnt how they ended. @default 0 */
  readonly unanswered?: number;
  /** Absent, as what follows, for a row that is no valid entry. */
  readonly id?: string;
  readonly type?: string;
  readonly aggregate?: string;
  readonly sequence?: number;
  readonly errorCode?: string;
  readonly firstTriedAt?: number;
  readonly lastTriedAt?: number;
  /** Where it is being discarded: its skip notice is not delivered yet. */
  readonly giveUp?: GiveUp;
}

/** What a row of the waiting index says. */
export function rowToSummary(row: Row): WaitingSummary {
  const { pk, sk } = row as unknown as Key;
  const named = pickDefined(row as unknown as WaitingSummary, ['dueAt', ...waitingIndexAttributes]);
  return { key: { pk, sk }, ...named };
}

/** What the index says of a waiting row. */
export function summaryOf(waiting: Waiting): WaitingSummary {
  return rowToSummary(waitingToRow(waiting));
}
