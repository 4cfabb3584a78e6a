import { outboxMetrics } from '../core/outbox-metrics.ts';
import { pickDefined } from '../core/pick.ts';
import type { Waiting } from '../table/waiting.ts';
import type { WaitingSummary } from '../table/waiting-summary.ts';
import { attemptWaiting, type AttemptOptions } from '../delivery/attempt.ts';
import type { Candidate, SettledFate } from '../delivery/fate.ts';
import { inParallel } from '../core/in-parallel.ts';
import { logFate } from '../delivery/report.ts';
import { fitnessOf } from './fitness.ts';
import { nextInLine } from './line.ts';
import type { Budget, SweepPorts } from './ports.ts';
import type { RowGuard } from './row-guard.ts';
import { park, record, type ClaimedEntry } from './record.ts';

/** Calls to the table that are in progress at once. */
const parallelCalls = 25;

/** Dependencies of attempting rows. */
export interface AttemptRowsPorts extends SweepPorts {
  readonly guard: RowGuard;
}

/**
 * Claims rows, attempts them, and writes down what became of each. Answers with those that can go now that
 * one of these has left their line.
 *
 * What was with a sweeper that died is claimed and attempted alone, and last: if it kills this one too, that
 * costs no other an attempt.
 */
export async function attemptRows(
  rows: readonly WaitingSummary[],
  ports: AttemptRowsPorts,
  budget: Budget,
): Promise<WaitingSummary[]> {
  const next: WaitingSummary[] = [];
  for (const group of groupsOf(rows)) {
    if (ports.clock.now() >= budget.deadline) break;
    next.push(...(await attemptGroup(group, ports, budget)));
  }
  return next;
}

function groupsOf(rows: readonly WaitingSummary[]): (readonly WaitingSummary[])[] {
  const interrupted = rows.filter(({ unanswered = 0 }) => unanswered > 0);
  const others = rows.filter(({ unanswered = 0 }) => unanswered === 0);
  return [others, ...interrupted.map((row) => [row])];
}

async function attemptGroup(
  rows: readonly WaitingSummary[],
  ports: AttemptRowsPorts,
  { deadline, ownedUntil }: Budget,
): Promise<WaitingSummary[]> {
  const { guard, store } = ports;
  const claims = await inParallel(rows, parallelCalls, (row) =>
    guard.attempt(row, () => store.claimWaiting(row, ownedUntil)),
  );
  const claimed = claims.filter((row) => row !== undefined);
  const checked = await inParallel(claimed, parallelCalls, (row) =>
    guard.attempt(row, () => checkFitness(row, ports)),
  );
  const fit = checked.filter((one) => one !== undefined);
  const events = fit.filter(({ row }) => row.giveUp === undefined);
  const notices = fit.filter(({ row }) => row.giveUp !== undefined);
  return [
    ...(await attemptTogether(events, ports, { deadline })),
    ...(await attemptTogether(notices, ports, { deadline, marks: { skipped: true } })),
  ];
}

/** The row, if it may be attempted; one that may not is parked. */
async function checkFitness(row: Waiting, ports: SweepPorts): Promise<ClaimedEntry | undefined> {
  const fitness = fitnessOf(row, ports.maxAttempts);
  if ('entry' in fitness) return { row, entry: fitness.entry };
  await park(row, fitness.error, ports);
  return undefined;
}

async function attemptTogether(
  group: readonly ClaimedEntry[],
  ports: AttemptRowsPorts,
  options: AttemptOptions,
): Promise<WaitingSummary[]> {
  const fates = await attemptWaiting(group.map(toCandidate), ports, options);
  reportAll(fates, ports);
  const next = await inParallel([...group.entries()], parallelCalls, async ([index, claimed]) => {
    const fate = fates[index];
    if (fate === undefined) return undefined;
    return ports.guard.attempt(claimed.row, async () => {
      const isFree = await record(claimed, fate, ports);
      return isFree && claimed.row.holds ? nextInLine(claimed.entry.aggregate, ports) : undefined;
    });
  });
  return next.filter((row) => row !== undefined);
}

function toCandidate({ row, entry }: ClaimedEntry): Candidate {
  // The claim has counted the attempt that comes now.
  return { entry, attempts: row.attempts - 1, ...pickDefined(row, ['missing', 'firstTriedAt']) };
}

/** Counts what left and what stays for good. How long it took says nothing: it was late on purpose, or long ago. */
function reportAll(fates: readonly SettledFate[], { meter, log }: SweepPorts): void {
  const published = fates.filter(({ status }) => status === 'published').length;
  const parked = fates.filter(
    (fate) => fate.status === 'waiting' && fate.state === 'parked',
  ).length;
  if (published > 0) meter.count(outboxMetrics.published, published);
  if (parked > 0) meter.count(outboxMetrics.parked, parked);
  for (const fate of fates) if (fate.status === 'waiting') logFate(fate, log);
}
