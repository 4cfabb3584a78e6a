import type { ChangedRow } from '../../operate/change.ts';
import { referenceOf } from '../view/waiting.ts';

/** What came of changing rows. */
export interface Tally {
  readonly done: number;
  /** Somebody else changed them at the same time; theirs stands. */
  readonly changed: number;
  /** They had left the waiting room meanwhile. */
  readonly gone: number;
  readonly refused: readonly { readonly event: string; readonly why: string }[];
}

export const emptyTally: Tally = { done: 0, changed: 0, gone: 0, refused: [] };

export function addTo(tally: Tally, row: ChangedRow): Tally {
  if (row.status !== 'refused') return { ...tally, [row.status]: tally[row.status] + 1 };
  const { key, eventId: id, why } = row;
  const event = referenceOf({ key, ...(id === undefined ? {} : { id }) });
  return { ...tally, refused: [...tally.refused, { event, why }] };
}
