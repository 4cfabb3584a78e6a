import { waitingPrefix, type Key } from '../../table/keys.ts';
import { waitingStates, type WaitingSummary } from '../../table/waiting.ts';
import type { WaitingCounts } from '../../operate/overview.ts';
import { renderTable, type View } from './table.ts';
import { relative } from './format.ts';

/** What a row of the waiting room is called on the command line: its event's id, or where it lay. */
export function referenceOf({ id, key }: { id?: string; key: Key }): string {
  return id ?? `${key.pk.replace(waitingPrefix, '')}/${key.sk}`;
}

/** Rows of the waiting room, one a line. */
export function renderWaiting(rows: readonly WaitingSummary[], { now, width }: View): string {
  return renderTable(
    ['event', 'state', 'type', 'aggregate', 'sequence', 'attempts', 'error', 'when'],
    rows.map((row) => [
      referenceOf(row),
      stateOf(row),
      row.type ?? 'no valid entry',
      row.aggregate ?? '',
      row.sequence?.toString() ?? '',
      row.attempts,
      row.errorCode ?? '',
      whenOf(row, now),
    ]),
    width,
  );
}

/** The state as a person reads it: what is being discarded waits for its skip notice to be delivered. */
export function stateOf({
  state,
  discard: discarding,
}: Pick<WaitingSummary, 'state' | 'discard'>): string {
  return discarding === undefined ? state : 'discarding';
}

/** How many wait, by state, on one line. */
export function renderCounts(counts: WaitingCounts): string {
  const line = waitingStates.map((state) => `${state} ${counts[state]}`).join(' · ');
  return counts.discarding === 0 ? line : `${line}; discarding ${counts.discarding} of these`;
}

/** When it was parked, or when it is looked at next. */
function whenOf({ state, dueAt }: WaitingSummary, now: number): string {
  const verb = { parked: 'parked', deferred: 'due', retrying: 'due', held: 'checked' }[state];
  return `${verb} ${dueAt <= now && state !== 'parked' ? 'now' : relative(dueAt, now)}`;
}
