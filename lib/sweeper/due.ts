import type { WaitingState } from '../table/waiting.ts';
import type { WaitingSummary } from '../table/waiting-summary.ts';
import { inParallel } from '../core/in-parallel.ts';
import type { Random } from '../core/ports.ts';
import { pickRandom } from '../core/pick-random.ts';
import { createBreaker } from '../delivery/breaker.ts';
import { attemptRows } from './attempt-rows.ts';
import { createRowGuard, type RowGuard } from './row-guard.ts';
import { rowToGo } from './line.ts';
import type { Budget, PassResult, SweepPorts } from './ports.ts';

/** Rows that are claimed and attempted together. */
const rowsAtOnce = 100;
const parallelLooks = 25;

/** None of them waits for the others: each gets its turn, whatever the others come to. */
const flowing: readonly WaitingState[] = ['deferred', 'retrying', 'held'];

/**
 * Delivers what is due in the waiting room.
 *
 * A row is claimed before its attempt, which counts it as started: an entry that kills the process is
 * parked after as many tries as any other. Of an aggregate that is held only the first in line goes,
 * and those behind it follow one by one, after everything else that is due had its turn.
 *
 * Rows come in random order, so that bad ones do not come before the same good ones again and again. Each is
 * settled by itself: a call to the table that fails keeps back one row, and is thrown in the end.
 */
export async function sweepDue(ports: SweepPorts, budget: Budget): Promise<PassResult> {
  const guard = createRowGuard(ports);
  const run = { ...ports, breaker: createBreaker(ports), guard };
  const isLate = (): boolean => ports.clock.now() >= budget.deadline;
  const seen = new Set<string>();
  const behind: WaitingSummary[] = [];
  let found = 0;
  const attemptAll = async (rows: readonly WaitingSummary[]): Promise<void> => {
    found += rows.length;
    behind.push(...(await attemptRows(rows, run, budget)));
  };
  let isOutOfTime = false;
  for await (const due of dueRows(ports, guard)) {
    if ((isOutOfTime = isLate())) break;
    const rows = await inParallel(due, parallelLooks, (row) =>
      guard.attempt(row, () => rowToGo(row, seen, ports)),
    );
    await attemptAll(rows.filter((row) => row !== undefined));
  }
  while (behind.length > 0 && !isOutOfTime) {
    if ((isOutOfTime = isLate())) break;
    await attemptAll(behind.splice(0, rowsAtOnce));
  }
  guard.throwFirst();
  return { found, pages: 0, ended: isOutOfTime ? 'out of time' : 'done' };
}

/** What is due in each state, some of each in turn. */
async function* dueRows(
  { store, clock, random }: SweepPorts,
  guard: RowGuard,
): AsyncGenerator<readonly WaitingSummary[]> {
  const now = clock.now();
  for (
    let lists = flowing.map((state) => inParts(store.listWaiting(state, now), random));
    lists.length > 0;
  ) {
    const open: typeof lists = [];
    for (const list of lists) {
      const next = await guard.attempt(undefined, () => list.next());
      if (next === undefined || next.done === true) continue;
      open.push(list);
      yield next.value;
    }
    lists = open;
  }
}

async function* inParts<T>(
  all: AsyncIterable<readonly T[]>,
  random: Random,
): AsyncGenerator<readonly T[], undefined> {
  for await (const listed of all) {
    const rows = pickRandom(listed, listed.length, random);
    for (let at = 0; at < rows.length; at += rowsAtOnce) yield rows.slice(at, at + rowsAtOnce);
  }
}
