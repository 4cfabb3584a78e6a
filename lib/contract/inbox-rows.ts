import type { Row } from './entry.ts';
import type { Key } from './keys.ts';

/** Names of the inbox table's keys and of its expiry attribute. */
export const inboxTable = { pk: 'pk', sk: 'sk', expiresAt: 'expiresAt' } as const;

/** Which message of which inbox; a replayed message counts apart from the first delivery. */
export interface Handled {
  readonly inbox: string;
  readonly eventId: string;
  readonly replayId?: string;
}

/** The row that remembers a handled message. */
export function markerKey({ inbox, eventId, replayId }: Handled): Key {
  return {
    pk: `h#${inbox}#${eventId}`,
    sk: replayId === undefined ? 'handled' : `handled#${replayId}`,
  };
}

/** The row of a message handled at `now` (epoch milliseconds). */
export function markerToRow(handled: Handled, times: { now: number; dedupeWindowMs: number }): Row {
  return {
    ...markerKey(handled),
    handledAt: times.now,
    expiresAt: Math.ceil((times.now + times.dedupeWindowMs) / 1000),
  };
}
