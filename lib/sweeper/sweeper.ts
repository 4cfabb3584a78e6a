import { outboxGauges } from '../core/metrics.ts';
import { errorSummary } from '../core/redact.ts';
import { watchAcceptance } from '../delivery/relay-notes.ts';
import type { Invocation } from '../delivery/relay.ts';
import { pageAfter, pageOf, pageStart, type Page } from '../table/keys.ts';
import { graceMs, lagFreshMs } from '../table/page-times.ts';
import type { SweepEnd, SweepReport } from '../table/sweep-notes.ts';
import { sweepDue } from './due.ts';
import { sweepBackdated, sweepPages } from './pages.ts';
import type { Budget, PassResult, SweepPorts } from './ports.ts';
import { probeOthers } from './probe.ts';

export type SweeperHandler = (invocation: Invocation) => Promise<SweepReport>;

/** Kept back from an invocation's time for what is under way when the deadline comes; less where there is little. */
const reserve = { mostMs: 15_000, share: 0.25 };

/** Up to which share of its time a run may be at a pass. What one leaves over, the next has. */
const shares = { probe: 0.3, due: 0.4, missed: 0.75, backdated: 0.85, closing: 1 };
type Pass = keyof typeof shares;

/**
 * The sweeper runs every minute: it delivers what is due in the waiting room, what the
 * relay left behind, and looks at every page once more when the stream can bring nothing any more.
 *
 * Several may run at once. One that runs out of time or meets an outage stops where it is; the next
 * goes on from there. A pass that fails keeps the others from nothing; what it threw is thrown in the end.
 */
export function createSweeper(given: SweepPorts): SweeperHandler {
  // What a destination takes is remembered from run to run, as long as the container lives.
  const watched = watchAcceptance(given.destinations, given);
  return async (invocation) => {
    const startedAt = given.clock.now();
    const id = given.newId(startedAt);
    const budgetOf = budgetsOf({ id, startedAt, lastsMs: invocation.getRemainingTimeInMillis() });
    const ports = { ...given, ...watched, shards: await given.store.noteShards(given.shards) };
    const probe = await run('probe', ports, () => probeForRelay(ports, budgetOf('probe')));
    const due = await run('due', ports, () => sweepDue(ports, budgetOf('due')));
    const missed = await run('missed', ports, () =>
      sweepPages('missed', ports, budgetOf('missed')),
    );
    const backdated = await run('backdated', ports, () =>
      sweepBackdated(ports, budgetOf('backdated')),
    );
    const closing = await run('closing', ports, () =>
      sweepPages('closing', ports, budgetOf('closing')),
    );
    const report: SweepReport = {
      id,
      startedAt,
      endedAt: ports.clock.now(),
      due: due.found,
      missed: missed.found,
      closing: closing.found,
      pages: missed.pages + closing.pages,
      ...(await measure(ports)),
      ended: mostSevere([probe, due, missed, backdated, closing]),
    };
    await ports.store.noteSweep(report);
    ports.log.info('swept', { ...report });
    throwFirst([probe, due, missed, backdated, closing]);
    return report;
  };
}

/** Where a relay is blocked: whether destinations take what is behind. Before all else, since a blocked relay delivers nothing. */
async function probeForRelay(ports: SweepPorts, budget: Budget): Promise<PassResult> {
  const nothing = { found: 0, pages: 0, ended: 'done' } as const;
  const lag = await ports.store.readLag(ports.clock.now() - lagFreshMs);
  if (lag?.blockedAt === undefined) return nothing;
  // A relay that was not blocked again since the last evidence needs no other.
  const isStillBlocked = lag.blockedAt > ((await ports.store.readAcceptance()) ?? 0);
  // The batch's entries are of that minute and, at its turn, of the one before.
  const behind = pageAfter(pageOf(lag.oldestAt), -1);
  if (isStillBlocked) await probeOthers({ behind, ports, budget });
  return nothing;
}

interface Run {
  readonly id: string;
  readonly startedAt: number;
  readonly lastsMs: number;
}

function budgetsOf({ id, startedAt, lastsMs }: Run): (pass: Pass) => Budget {
  const usableMs = lastsMs - Math.min(reserve.mostMs, lastsMs * reserve.share);
  return (pass) => ({
    deadline: startedAt + usableMs * shares[pass],
    ownedUntil: startedAt + lastsMs,
    holder: id,
  });
}

interface PassOutcome extends PassResult {
  readonly thrown?: unknown;
}

async function run(
  pass: Pass,
  { log }: SweepPorts,
  work: () => Promise<PassResult>,
): Promise<PassOutcome> {
  try {
    return await work();
  } catch (thrown) {
    log.error('a pass of the sweeper failed', { pass, ...errorSummary(thrown) });
    return { found: 0, pages: 0, ended: 'failed', thrown };
  }
}

function throwFirst(outcomes: readonly PassOutcome[]): void {
  const failed = outcomes.find(({ ended }) => ended === 'failed');
  if (failed !== undefined) throw failed.thrown;
}

const bySeverity: readonly SweepEnd[] = ['failed', 'outage', 'out of time', 'done'];

function mostSevere(outcomes: readonly PassOutcome[]): SweepEnd {
  return bySeverity.find((end) => outcomes.some(({ ended }) => ended === end)) ?? 'done';
}

/** What a sweep measures for alarms and people. */
export type Measures = Pick<SweepReport, 'unsettledMs' | 'parked'>;

/**
 * How long an entry is tried without anybody's noticing: longer than its attempts take by default. What is tried
 * for longer waits for a destination that cannot be reached.
 */
const retryingUnnoticedMs = 2 * 3_600_000;

/** Measures what needs manual action, or will. */
async function measure({ store, clock, meter }: SweepPorts): Promise<Measures> {
  const now = clock.now();
  const unsettledMs = Math.max(
    ageOf((await store.readWatermark('missed'))?.page, now),
    await retryingForMs(now, store),
  );
  const parked = await store.countWaiting('parked');
  meter.time(outboxGauges.oldestUnsettled, unsettledMs);
  meter.count(outboxGauges.parked, parked);
  return { unsettledMs, parked };
}

/** The age of the first page that is not known to be settled, if it is not the relay's alone. */
function ageOf(firstUnsettled: Page | undefined, now: number): number {
  if (firstUnsettled === undefined || firstUnsettled >= pageOf(now - graceMs)) return 0;
  return now - pageStart(firstUnsettled);
}

/**
 * For how long an entry has been tried, where that is longer than usual; else 0.
 *
 * Looks at the first rows that the index lists alone: where many wait for a destination, they wait alike.
 */
async function retryingForMs(now: number, store: SweepPorts['store']): Promise<number> {
  for await (const rows of store.listWaiting('retrying', Number.MAX_SAFE_INTEGER)) {
    const waited = rows.map(({ firstTriedAt = now }) => now - firstTriedAt);
    const longest = Math.max(...waited, 0);
    return longest >= retryingUnnoticedMs ? longest : 0;
  }
  return 0;
}
