import { groupBy } from '../core/group-by.ts';
import type { Key } from '../table/keys.ts';
import type { Waiting } from '../table/waiting.ts';
import type { WaitingSummary } from '../table/waiting-summary.ts';
import type { OperateStore } from '../table/operate-store.ts';
import type { Pace } from '../core/pace.ts';

/**
 * What became of a row.
 *
 * - `changed`: somebody else changed it at the same moment; theirs stands.
 * - `gone`: it waits no longer.
 * - `refused`: it cannot be done to it.
 */
export type Changed =
  | { readonly status: 'done' | 'changed' | 'gone' }
  | { readonly status: 'refused'; readonly why: string };

/** Does something to one waiting row as it was read. */
export type Change = (before: Waiting) => Promise<Changed>;

export type ChangedRow = Changed & { readonly key: Key; readonly eventId?: string };

/** How often a row is read again after somebody else changed it. */
const maxTries = 3;

/**
 * Does something to each of the rows in turn, those of one aggregate in sequence, and yields what became
 * of each.
 *
 * Whoever breaks it off and calls it again for what is still meant gets the rest done.
 */
export async function* changeEach(
  rows: readonly WaitingSummary[],
  change: Change,
  { store, pace }: { store: OperateStore; pace: Pace },
): AsyncGenerator<ChangedRow> {
  for (const { key, id } of inSequence(rows)) {
    await pace();
    const changed = await changeRow(key, change, store);
    yield { ...changed, key, ...(id === undefined ? {} : { eventId: id }) };
  }
}

async function changeRow(key: Key, change: Change, store: OperateStore): Promise<Changed> {
  for (let tries = 1; ; tries++) {
    const before = await store.getWaiting(key);
    if (before === undefined) return { status: 'gone' };
    const changed = await change(before);
    if (changed.status !== 'changed' || tries === maxTries) return changed;
  }
}

/** The rows in the order they came in, but for those of one aggregate, which go in sequence. */
export function inSequence(rows: readonly WaitingSummary[]): WaitingSummary[] {
  const lines = groupBy(rows, ({ aggregate, sequence, key }) =>
    aggregate === undefined || sequence === undefined ? `${key.pk}/${key.sk}` : aggregate,
  );
  return [...lines.values()].flatMap((line) =>
    line.toSorted((a, b) => (a.sequence ?? 0) - (b.sequence ?? 0)),
  );
}
