import { matchesType, type TypeFilter } from '../core/event-types.ts';
import { timeOfId } from '../table/keys.ts';
import { waitingStates, type WaitingState, type WaitingSummary } from '../table/waiting.ts';
import type { WaitingFlow } from '../table/stores.ts';

/** Which waiting rows are meant. What it says nothing of does not matter. */
export interface Selection {
  /** @default - every state */
  readonly states?: readonly WaitingState[];
  /** Whether it is being discarded: its skip notice is not delivered yet. @default - either */
  readonly isDiscarding?: boolean;
  readonly types?: TypeFilter;
  readonly aggregate?: string;
  /** The code of the last error, in upper or lower case. */
  readonly error?: string;
  /** The event's time, epoch milliseconds: from `since` up to, not including, `until`. */
  readonly since?: number;
  readonly until?: number;
}

/** Rows of the waiting room that are meant, state by state, the longest due first; eventually consistent. */
export async function* select(
  store: Pick<WaitingFlow, 'listWaiting'>,
  selection: Selection,
): AsyncGenerator<WaitingSummary> {
  for (const state of selection.states ?? waitingStates) {
    for await (const rows of store.listWaiting(state, endOfTime)) {
      yield* rows.filter((row) => isMeant(row, selection));
    }
  }
}

/** The moment after which nothing is due. */
const endOfTime = Number.MAX_SAFE_INTEGER;

export function isMeant(row: WaitingSummary, selection: Selection): boolean {
  const { isDiscarding, types, aggregate, error, since = -Infinity, until = Infinity } = selection;
  const at = row.id === undefined ? row.dueAt : timeOfId(row.id);
  return [
    isDiscarding === undefined || (row.discard !== undefined) === isDiscarding,
    matchesType(types, row.type ?? ''),
    aggregate === undefined || row.aggregate === aggregate,
    error === undefined || row.errorCode?.toLowerCase() === error.toLowerCase(),
    since <= at && at < until,
  ].every(Boolean);
}
