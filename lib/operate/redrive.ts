import { pickDefined } from '../core/pick.ts';
import type { Waiting } from '../table/waiting.ts';
import { summaryOf, type WaitingSummary } from '../table/waiting-summary.ts';
import type { Change } from './change.ts';
import { auditNote } from './audit.ts';
import type { Operator, OperatePorts } from './ports.ts';

/** Gives a waiting entry another round of attempts, the first of them at once. */
export function redrive(
  operator: Operator,
  destinations: readonly string[],
  ports: OperatePorts,
): Change {
  return async (before) => {
    const hindrance = whyNotRedriven(summaryOf(before));
    if (hindrance !== undefined) return { status: 'refused', why: hindrance };
    const { store } = ports;
    // The note first: at worst it tells of a redrive that did not come about.
    await store.noteAudit(auditNote('redrive', before, { operator, ports }));
    const after = anotherRound(before, { now: ports.clock.now(), destinations });
    return { status: (await store.changeWaiting(before, after)) ? 'done' : 'changed' };
  };
}

/** Why an entry cannot be redriven; `undefined` where it can. Only valid entries have an id. */
export function whyNotRedriven(
  row: Pick<WaitingSummary, 'id' | 'state' | 'dueAt'>,
): string | undefined {
  if (row.id === undefined) return 'the row holds no valid entry: it can only be discarded';
  if (row.state === 'deferred') {
    return `it is deferred until ${new Date(row.dueAt).toISOString()}, and is delivered then`;
  }
  if (row.state === 'held') {
    return 'it is held behind an earlier event of its aggregate: redrive that one, and this one follows';
  }
  return undefined;
}

/**
 * The row as if it had never been tried. If it was being given up, it no longer is.
 *
 * The sweeper sees to the sequence: one that is not the first in line goes back to being held.
 */
function anotherRound(
  before: Waiting,
  { now, destinations }: { now: number; destinations: readonly string[] },
): Waiting {
  const there = (before.missing ?? []).filter((name) => destinations.includes(name));
  return {
    ...pickDefined(before, ['entry', 'holds', 'error', 'tried', 'lastTriedAt', 'pageless']),
    state: 'retrying',
    attempts: 0,
    dueAt: now,
    // A destination that was renamed or removed can never have it: then all that want its type get it.
    ...(there.length === 0 ? {} : { missing: there }),
  };
}
