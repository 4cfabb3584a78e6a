import { pickDefined, pickRandom } from '../core/collections.ts';
import { inParallel } from '../core/concurrency.ts';
import { outboxMetrics } from '../core/metrics.ts';
import type { Log, Random } from '../core/ports.ts';
import { errorSummary } from '../core/redact.ts';
import { attemptWaiting, type AttemptOptions } from '../delivery/attempt.ts';
import { createBreaker } from '../delivery/classify.ts';
import { logFate } from '../delivery/deliver.ts';
import type { Candidate, SettledFate } from '../delivery/fate.ts';
import { problemWithEntry, type Entry, type Row } from '../table/entry.ts';
import {
  isInvalidRow,
  keyOfWaiting,
  summaryOf,
  type DeliveryError,
  type Waiting,
  type WaitingState,
  type WaitingSummary,
} from '../table/waiting.ts';
import type { Budget, PassResult, SweepPorts } from './ports.ts';
import { park, record, type ClaimedEntry } from './record.ts';

/** Rows that are claimed and attempted together. */
const rowsAtOnce = 100;
const parallelLooks = 25;

/** None of them waits for the others: each gets its turn, even if the others fail. */
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

type LinePorts = Pick<SweepPorts, 'store' | 'clock'>;

/**
 * The row that may go now that `due` is due, if there is one: the row itself, or, where it holds its
 * aggregate, the first in its line. Of each aggregate at most one goes at a time; `seen` says which
 * lines were looked at before.
 *
 * A row whose turn has not come is left as it is. It stays due, so its line is looked at on each run: what a
 * sweeper left behind that died, or what came while the one before it left, goes as soon as it can.
 */
async function rowToGo(
  due: WaitingSummary,
  seen: Set<string>,
  { store, clock }: LinePorts,
): Promise<WaitingSummary | undefined> {
  const { aggregate } = due;
  if (!due.blocksLane || aggregate === undefined) return due;
  if (seen.has(aggregate)) return undefined;
  seen.add(aggregate);
  const first = await store.firstInLine(aggregate);
  return first !== undefined && isDue(first, clock.now()) ? summaryOf(first) : undefined;
}

/** The row that is first in an aggregate's line now that one has left it, if it has only been waiting for that. */
async function nextInLine(
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

/** Calls to the table that are in progress at once. */
const parallelCalls = 25;

/** Dependencies of attempting rows. */
export interface AttemptRowsPorts extends SweepPorts {
  readonly guard: RowGuard;
}

/**
 * Claims rows, attempts them, and records the result of each. Returns those that can go now that
 * one of these has left their line.
 *
 * What was with a sweeper that died is claimed and attempted alone, and last: if it kills this one too, that
 * costs no other an attempt.
 */
async function attemptRows(
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
  const interrupted = rows.filter(
    ({ unfinishedAttempts: unfinishedAttempts = 0 }) => unfinishedAttempts > 0,
  );
  const others = rows.filter(
    ({ unfinishedAttempts: unfinishedAttempts = 0 }) => unfinishedAttempts === 0,
  );
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
    guard.attempt(row, () => withoutExhausted(row, ports)),
  );
  const fit = checked.filter((one) => one !== undefined);
  const events = fit.filter(({ row }) => row.discard === undefined);
  const notices = fit.filter(({ row }) => row.discard !== undefined);
  return [
    ...(await attemptTogether(events, ports, { deadline })),
    ...(await attemptTogether(notices, ports, { deadline, marks: { skipped: true } })),
  ];
}

/** The row, if it may be attempted; one that may not is parked. */
async function withoutExhausted(
  row: Waiting,
  ports: SweepPorts,
): Promise<ClaimedEntry | undefined> {
  const fitness = checkAttempts(row, ports.maxAttempts);
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
      return isFree && claimed.row.blocksLane
        ? nextInLine(claimed.entry.aggregate, ports)
        : undefined;
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

/** Whether a claimed row may be attempted: the entry that it holds, or what keeps it from ever being delivered. */
export type AttemptCheck = { readonly entry: Entry } | { readonly error: DeliveryError };

function checkAttempts(row: Waiting, maxAttempts: number): AttemptCheck {
  const { entry } = row;
  const error = attemptsExhausted(row, maxAttempts) ?? problemOf(row);
  if (error !== undefined) return { error };
  return isInvalidRow(entry) ? { error: noEntry } : { entry };
}

const noEntry: DeliveryError = { code: 'ENTRY_INVALID', message: 'the row holds no valid entry' };

/** Anyone who may write to the table can write nonsense; it must not stop other due rows. */
function problemOf({ entry, error }: Waiting): DeliveryError | undefined {
  if (isInvalidRow(entry)) return error ?? noEntry;
  const problem = problemWithEntry(entry as unknown as Row);
  return problem === undefined ? undefined : { ...noEntry, message: problem };
}

/** An attempt that was started counts without a result: otherwise an entry that crashes its sweeper would do so for ever. */
function attemptsExhausted(
  { attempts, unfinishedAttempts: unfinishedAttempts = 0, error }: Waiting,
  maxAttempts: number,
): DeliveryError | undefined {
  // The claim has counted the attempt that would come now, in both.
  const started = attempts - 1;
  if (started < maxAttempts) return undefined;
  return unfinishedAttempts > 1 || error === undefined ? noAnswer(started) : error;
}

function noAnswer(started: number): DeliveryError {
  return {
    code: 'ATTEMPTS_UNANSWERED',
    message: `${started} attempts were started, and the last one ended without a result`,
  };
}

/** Failures of single rows after which a pass stops: then it is the table that fails, not its rows. */
const maxFailures = 200;

/** Settles rows one by one: what fails for one row is noted, and keeps no other from being settled. */
interface RowGuard {
  /**
   * Does one step for a row. Returns `undefined` where it threw, which is logged with the row's key.
   *
   * @throws what the step threw, once too many steps have
   */
  attempt<T>(
    row: WaitingSummary | Waiting | undefined,
    step: () => Promise<T>,
  ): Promise<T | undefined>;
  /** Throws what the first step threw that failed; no-op if none did. */
  throwFirst(): void;
}

function createRowGuard({ log }: { readonly log: Log }): RowGuard {
  const failures: unknown[] = [];
  return {
    attempt: async (row, step) => {
      try {
        return await step();
      } catch (thrown) {
        failures.push(thrown);
        log.error('a waiting row could not be settled', { ...keyOf(row), ...errorSummary(thrown) });
        if (failures.length > maxFailures) throw thrown;
        return undefined;
      }
    },
    throwFirst: () => {
      if (failures.length > 0) throw failures[0];
    },
  };
}

function keyOf(row: WaitingSummary | Waiting | undefined): { pk?: string; sk?: string } {
  if (row === undefined) return {};
  return { ...('key' in row ? row.key : keyOfWaiting(row.entry)) };
}
