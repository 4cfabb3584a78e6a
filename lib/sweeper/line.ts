import type { Waiting } from '../table/waiting.ts';
import { summaryOf, type WaitingSummary } from '../table/waiting-summary.ts';
import type { SweepPorts } from './ports.ts';

type LinePorts = Pick<SweepPorts, 'store' | 'clock'>;

/**
 * The row that may go now that `due` is due, if there is one: the row itself, or, where it holds its
 * aggregate, the first in its line. Of each aggregate at most one goes at a time; `seen` says which
 * lines were looked at before.
 *
 * A row whose turn has not come is left as it is. It stays due, so its line is looked at on each run: what a
 * sweeper left behind that died, or what came while the one before it left, goes as soon as it can.
 */
export async function rowToGo(
  due: WaitingSummary,
  seen: Set<string>,
  { store, clock }: LinePorts,
): Promise<WaitingSummary | undefined> {
  const { aggregate } = due;
  if (!due.holds || aggregate === undefined) return due;
  if (seen.has(aggregate)) return undefined;
  seen.add(aggregate);
  const first = await store.firstInLine(aggregate);
  return first !== undefined && isDue(first, clock.now()) ? summaryOf(first) : undefined;
}

/** The row that is first in an aggregate's line now that one has left it, if it has only been waiting for that. */
export async function nextInLine(
  aggregate: string,
  { store, clock }: LinePorts,
): Promise<WaitingSummary | undefined> {
  const first = await store.firstInLine(aggregate);
  if (first === undefined) return undefined;
  const mayGo = first.state === 'held' || isDue(first, clock.now());
  return mayGo ? summaryOf(first) : undefined;
}

function isDue({ state, dueAt }: Waiting, now: number): boolean {
  return state !== 'parked' && dueAt <= now;
}
