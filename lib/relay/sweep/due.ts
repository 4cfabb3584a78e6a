import type { WaitingState } from '../../contract/waiting.ts';
import type { WaitingSummary } from '../../contract/waiting-summary.ts';
import { inParallel } from '../../runtime/in-parallel.ts';
import { withBreaker } from '../publish/breaker.ts';
import { attemptRows } from './attempt-rows.ts';
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
 */
export async function sweepDue(ports: SweepPorts, budget: Budget): Promise<PassResult> {
  const patient = {
    ...ports,
    destinations: ports.destinations.map((one) => withBreaker(one, ports)),
  };
  const isLate = (): boolean => ports.clock.now() >= budget.deadline;
  const seen = new Set<string>();
  const behind: WaitingSummary[] = [];
  let found = 0;
  const attemptAll = async (rows: readonly WaitingSummary[]): Promise<void> => {
    found += rows.length;
    behind.push(...(await attemptRows(rows, patient, budget)));
  };
  for await (const due of dueRows(ports)) {
    if (isLate()) return { found, pages: 0, ended: 'out of time' };
    const rows = await inParallel(due, parallelLooks, (row) => rowToGo(row, seen, ports));
    await attemptAll(rows.filter((row) => row !== undefined));
  }
  while (behind.length > 0) {
    if (isLate()) return { found, pages: 0, ended: 'out of time' };
    await attemptAll(behind.splice(0, rowsAtOnce));
  }
  return { found, pages: 0, ended: 'done' };
}

/** What is due in each state, some of each in turn. */
async function* dueRows({ store, clock }: SweepPorts): AsyncGenerator<readonly WaitingSummary[]> {
  const now = clock.now();
  for (
    let lists = flowing.map((state) => inParts(store.listWaiting(state, now)));
    lists.length > 0;
  ) {
    const open: typeof lists = [];
    for (const list of lists) {
      const { value, done } = await list.next();
      if (done === true) continue;
      open.push(list);
      yield value;
    }
    lists = open;
  }
}

async function* inParts<T>(
  all: AsyncIterable<readonly T[]>,
): AsyncGenerator<readonly T[], undefined> {
  for await (const rows of all) {
    for (let at = 0; at < rows.length; at += rowsAtOnce) yield rows.slice(at, at + rowsAtOnce);
  }
}
