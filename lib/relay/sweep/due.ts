import { pickDefined } from '../../contract/pick.ts';
import { isInvalidRow, type Waiting, type WaitingState } from '../../contract/waiting.ts';
import { attempt } from '../attempt.ts';
import type { Candidate } from '../fate.ts';
import { inParallel } from '../in-parallel.ts';
import type { WaitingSummary } from '../../contract/waiting-summary.ts';
import { nextInLine, isFirstInLine, waitLonger } from './line.ts';
import type { Budget, PassResult, SweepPorts } from './ports.ts';
import { record } from './record.ts';

/** Rows that are claimed and attempted together. */
const rowsAtOnce = 100;
const parallelClaims = 10;

const flowing: readonly WaitingState[] = ['retrying', 'deferred', 'held'];

/**
 * Delivers what is due in the waiting room.
 *
 * A row is claimed before its attempt, which counts it as started: an entry that kills the process is
 * parked after as many tries as any other. Of an aggregate that is held only the first in line goes,
 * and those behind it follow one by one.
 */
export async function sweepDue(ports: SweepPorts, budget: Budget): Promise<PassResult> {
  let found = 0;
  for await (const rows of dueRows(ports)) {
    found += rows.length;
    const ended = await sweepRows(rows, ports, budget);
    if (ended !== 'done') return { found, pages: 0, ended };
  }
  return { found, pages: 0, ended: 'done' };
}

async function* dueRows({ store, clock }: SweepPorts): AsyncGenerator<readonly WaitingSummary[]> {
  for (const state of flowing) {
    for await (const due of store.listWaiting(state, clock.now())) yield* inParts(due);
  }
}

/** Attempts rows, then those that were held behind them, until there are none. */
async function sweepRows(
  rows: readonly WaitingSummary[],
  ports: SweepPorts,
  budget: Budget,
): Promise<PassResult['ended']> {
  let line: readonly WaitingSummary[] = rows;
  while (line.length > 0) {
    if (ports.clock.now() >= budget.deadline) return 'out of time';
    const claimed = await claimAll(line, ports, budget);
    const fates = await attempt(claimed.map(toCandidate), ports, { ...budget, released: true });
    const next = await inParallel([...fates.entries()], parallelClaims, async ([index, fate]) => {
      const before = claimed[index];
      if (before === undefined) return undefined;
      const isFree = await record(before, fate, ports);
      return isFree && before.holds ? nextInLine(before, ports) : undefined;
    });
    if (fates.some(({ status }) => status === 'unsettled')) return 'outage';
    line = next.filter((row) => row !== undefined);
  }
  return 'done';
}

async function claimAll(
  rows: readonly WaitingSummary[],
  ports: SweepPorts,
  { ownedUntil }: Budget,
): Promise<Waiting[]> {
  const claimed = await inParallel(rows, parallelClaims, async (row) => {
    if (!(await isFirstInLine(row, ports))) {
      await waitLonger(row, ports);
      return undefined;
    }
    return ports.store.claimWaiting(row, { now: ports.clock.now(), until: ownedUntil });
  });
  return claimed.filter((waiting) => waiting !== undefined);
}

function toCandidate(waiting: Waiting): Candidate {
  const { entry, attempts } = waiting;
  if (isInvalidRow(entry)) throw new Error('a row that is no entry waits as parked only');
  // The claim has counted the attempt that comes now.
  return { entry, attempts: attempts - 1, ...pickDefined(waiting, ['missing', 'firstTriedAt']) };
}

function* inParts<T>(all: readonly T[]): Generator<readonly T[]> {
  for (let at = 0; at < all.length; at += rowsAtOnce) yield all.slice(at, at + rowsAtOnce);
}
