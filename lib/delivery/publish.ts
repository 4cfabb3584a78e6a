import { groupBy, pickRandom } from '../core/collections.ts';
import { inParallel } from '../core/concurrency.ts';
import type { Clock, Log, Random } from '../core/ports.ts';
import { redact } from '../core/redact.ts';
import { backoffMs, type Backoff } from '../core/retry.ts';
import type { DeliveryError } from '../table/waiting.ts';
import {
  classifyCallFailure,
  faultOfEntry,
  type Breaker,
  type CallFailure,
  type Fault,
} from './classify.ts';
import type {
  DestinationAdapter,
  Outgoing,
  Reply,
  SendResult,
  SendResults,
} from './destination.ts';

/** Dependencies of publishing besides the destination. */
export interface PublishPorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** No call starts at or after this moment (epoch milliseconds). */
  readonly deadline: number;
  /** Spares callers that come back soon the calls to a destination that is down. @default - each caller finds out by itself */
  readonly breaker?: Breaker | undefined;
  /** When a destination last took an entry, in epoch milliseconds. @default - not known */
  readonly lastAcceptedAt?: (destination: string) => number;
}

/** Failed calls in a row that the trust in a destination which took an entry a while ago survives. */
const maxFailedInTrust = 60;

/** For how long a destination that took an entry is known to be up: then a bad entry is searched for to the end. */
export const acceptanceFreshMs = 2 * 60_000;

/** Calls to one destination that are in progress at once. */
const maxParallelCalls = 10;
/** The same for calls of one entry each, which may all run into a time-out. Fewer than the 50 connections of a client. */
const maxParallelLoneCalls = 40;
/** Tries that an entry gets in place, so that a hiccup does not send it to the waiting room. */
const maxTries = 3;
const quickBackoff: Backoff = { baseMs: 50, maxMs: 1_000 };
/** How long after the deadline a call may still be in progress, and the least that a call gets. */
const maxOverrunMs = 7_000;
const minCallMs = 3_000;

/**
 * Failed calls in a row, or entries refused alike, that it takes to call a destination down. Fewer may be a few
 * bad entries, which must not pass for an outage time and again.
 */
const outageEvidence = 10;

/**
 * Publishes entries to one destination. Never throws: each entry ends with exactly one result.
 *
 * Entries come with ids of their own and, for an ordered destination, each aggregate's in sequence.
 * There the published ones of an aggregate are always the first of those given. A published entry may
 * have arrived more than once: one whose answer was lost is sent again.
 *
 * An outage takes evidence. A call may fail as a whole (access denied, a 5xx, a time-out) because of one of its
 * entries. So its entries are sent alone: all of them where the destination took an entry in this call or in the last two minutes, else a
 * random sample of {@link outageEvidence}. The destination counts as down only when no call of the sample is
 * answered. One that times out is sent again once, alone and with a longer time-out, and never on its own.
 */
export async function publish(
  destination: DestinationAdapter,
  outgoing: readonly Outgoing[],
  ports: PublishPorts,
): Promise<SendResults> {
  const run = createRun(destination, ports);
  const open = ports.breaker?.failureOf(destination.name);
  if (open !== undefined) {
    run.isDown = true;
    for (const one of outgoing) refuse(run, one, { failure: open, isAlone: false });
    return resultsOf(run, outgoing);
  }
  let pending = outgoing;
  while (pending.length > 0) {
    await sendInRounds(run, pending);
    pending = worthAnotherTry(run, pending);
    if (!(await waitForNextTry(run, pending))) break;
  }
  if (run.isDown && run.lastFailure !== undefined) {
    ports.breaker?.trip(destination.name, run.lastFailure);
  }
  return resultsOf(run, outgoing);
}

/** What one call of {@link publish} has learnt so far. */
interface Run {
  readonly destination: DestinationAdapter;
  readonly ports: PublishPorts;
  /** By event id: the last that is known of each entry that had its turn. */
  readonly standings: Map<string, Standing>;
  /** By event id: how often an entry was refused. */
  readonly tries: Map<string, number>;
  accepted: number;
  /** Calls in a row that failed as a whole, for a reason that may be the destination's. */
  failedInRow: number;
  lastFailure: CallFailure | undefined;
  /** Whether a sample showed that the destination answers no call. */
  isDown: boolean;
}

type Standing =
  | { readonly status: 'accepted' }
  | Refused
  | { readonly status: 'too-large' | 'not-attempted'; readonly error: DeliveryError };

interface Refused {
  readonly status: 'refused';
  readonly fault: Fault;
  readonly error: DeliveryError;
  /** Whether it was refused by itself: in an answer of its own, or in a call with no other entry. */
  readonly isAlone: boolean;
  readonly isTimeout: boolean;
}

function createRun(destination: DestinationAdapter, ports: PublishPorts): Run {
  return {
    destination,
    ports,
    standings: new Map(),
    tries: new Map(),
    accepted: 0,
    failedInRow: 0,
    lastFailure: undefined,
    isDown: false,
  };
}

/**
 * Sends each entry once.
 *
 * Where the destination keeps order, the entries of one aggregate go one after the other: never two at once, and
 * never two in one call, where the earlier could be refused alone. As soon as one is refused, those behind it
 * are held. Where there is no order to protect, one round does.
 */
async function sendInRounds(run: Run, outgoing: readonly Outgoing[]): Promise<void> {
  if (!run.destination.ordered) return sendRound(run, outgoing);
  let lanes = [...groupBy(outgoing, (one) => laneOf(run.destination, one)).values()];
  for (let turn = 0; lanes.length > 0; turn++) {
    const round = lanes.flatMap((lane) => lane[turn] ?? []);
    await sendRound(run, round);
    lanes = lanes.filter((lane) => lane.length > turn + 1 && isAccepted(run, lane[turn]));
  }
}

/** Entries of one lane keep their order: those of one aggregate, if the destination keeps order and the entry has a place in it. */
function laneOf({ ordered }: DestinationAdapter, { entry }: Outgoing): string {
  return ordered && entry.sequence !== undefined ? entry.aggregate : entry.id;
}

function isAccepted({ standings }: Run, one: Outgoing | undefined): boolean {
  return one !== undefined && standings.get(one.entry.id)?.status === 'accepted';
}

/** Sends entries that need not wait for each other, and finds out which of them make their calls fail. */
async function sendRound(run: Run, round: readonly Outgoing[]): Promise<void> {
  const { calls, tooLarge } = pack(round, run.destination);
  for (const one of tooLarge) run.standings.set(one.entry.id, tooLargeFor(run.destination, one));
  const isKnownToBeUp = hasAcceptedLately(run);
  // What was accepted before an outage began says nothing of it: enough failures since, and none accepted, outweigh it.
  const isTrusted = (): boolean =>
    isKnownToBeUp && (run.accepted > 0 || run.failedInRow < maxFailedInTrust);
  let queue = calls;
  while (queue.length > 0 && !run.isDown) {
    const skipped: (readonly Outgoing[])[] = [];
    const failed: { call: readonly Outgoing[]; failure: CallFailure }[] = [];
    const isSentAlone = queue !== calls && queue.every((call) => call.length === 1);
    const limit = isSentAlone ? maxParallelLoneCalls : maxParallelCalls;
    await inParallel(queue, limit, async (call) => {
      if (run.failedInRow >= outageEvidence && !isTrusted()) {
        skipped.push(call);
        return;
      }
      const failure = await sendCall(run, call);
      // Throttling is never one entry's: sending entries alone would only add calls.
      if (failure !== undefined && failure.fault !== 'throttled' && call.length > 1)
        failed.push({ call, failure });
    });
    const alone = (isGuilty: boolean): Outgoing[][] =>
      failed
        .filter(({ failure }) => (failure.fault === 'entry') === isGuilty)
        .flatMap(({ call }) => call.map((one) => [one]));
    let doubtful = [...alone(false), ...skipped];
    const isInDoubt = run.accepted === 0 || run.failedInRow >= outageEvidence;
    if (doubtful.length > 0 && isInDoubt && !isTrusted()) {
      doubtful = await sendSample(run, doubtful);
    }
    queue = [...alone(true), ...doubtful];
  }
  // Of a destination that is down, what was not even sent is as unavailable as what was.
  if (run.lastFailure === undefined) return;
  for (const one of queue.flat()) {
    if (!run.standings.has(one.entry.id))
      refuse(run, one, { failure: run.lastFailure, isAlone: false });
  }
}

function hasAcceptedLately({ destination, ports: { clock, lastAcceptedAt } }: Run): boolean {
  const acceptedAt = lastAcceptedAt?.(destination.name) ?? Number.NEGATIVE_INFINITY;
  return clock.now() - acceptedAt <= acceptanceFreshMs;
}

/** Sends some of the entries alone, to learn whether the destination accepts any. Returns the others. */
async function sendSample(
  run: Run,
  calls: readonly (readonly Outgoing[])[],
): Promise<(readonly Outgoing[])[]> {
  const { clock, deadline, random, log } = run.ports;
  const sample = pickRandom(calls.flat(), outageEvidence, random);
  log.info('calls failed as a whole: sending a sample of their entries alone', {
    destination: run.destination.name,
    code: run.lastFailure?.code,
    eventIds: sample.map(({ entry }) => entry.id),
  });
  const waitMs = backoffMs(1, quickBackoff, random);
  if (clock.now() + waitMs < deadline) await clock.sleep(waitMs);
  const failures = await inParallel(sample, maxParallelCalls, (one) => sendCall(run, [one]));
  run.isDown = failures.every((failure) => failure !== undefined);
  if (!run.isDown) run.failedInRow = 0;
  const sampled = new Set(sample);
  return calls
    .map((call) => call.filter((one) => !sampled.has(one)))
    .filter((call) => call.length > 0);
}

/** Makes one call, and notes what it says of each entry. Returns why it failed as a whole, if it did. */
async function sendCall(run: Run, call: readonly Outgoing[]): Promise<CallFailure | undefined> {
  const { clock, deadline } = run.ports;
  const now = clock.now();
  if (now >= deadline) {
    for (const { entry } of call) {
      if (!run.standings.has(entry.id)) run.standings.set(entry.id, outOfTime(run.destination));
    }
    return undefined;
  }
  const maxMs = Math.max(minCallMs, deadline + maxOverrunMs - now);
  let replies: readonly (Reply | undefined)[];
  try {
    replies = await run.destination.send(call, { maxMs });
  } catch (error) {
    const failure = classifyCallFailure(error);
    for (const one of call) refuse(run, one, { failure, isAlone: call.length === 1 });
    if (failure.fault !== 'entry') {
      run.failedInRow += 1;
      run.lastFailure = failure;
    }
    return failure;
  }
  for (const [index, one] of call.entries()) {
    const reply = replies[index] ?? noReply;
    if (reply.status === 'accepted') {
      run.standings.set(one.entry.id, reply);
      run.accepted += 1;
      run.failedInRow = 0;
    } else {
      const { code, message } = reply;
      const failure = {
        fault: faultOfEntry(reply),
        code,
        message: redact(message),
        isTimeout: false,
      };
      refuse(run, one, { failure, isAlone: true });
    }
  }
  return undefined;
}

/** Whether the entry was taken is unknown: sending it again may deliver it twice, leaving it may lose it. */
const noReply: Reply = {
  status: 'refused',
  code: 'NO_REPLY',
  message: 'the destination did not mention this entry in its answer',
};

function refuse(
  { standings, tries, destination }: Run,
  { entry }: Outgoing,
  { failure, isAlone }: { failure: CallFailure; isAlone: boolean },
): void {
  const { fault, code, message, isTimeout } = failure;
  const error = { code, message, destination: destination.name };
  standings.set(entry.id, { status: 'refused', fault, error, isAlone, isTimeout });
  tries.set(entry.id, (tries.get(entry.id) ?? 0) + 1);
}

function tooLargeFor(destination: DestinationAdapter, outgoing: Outgoing): Standing {
  const { name, maxBytesPerCall } = destination;
  const bytes = destination.sizeOf(outgoing);
  const error: DeliveryError = {
    code: 'MESSAGE_TOO_LARGE',
    message: `the message has ${bytes} bytes, and ${name} takes ${maxBytesPerCall}: keep the data elsewhere and send a reference to it`,
    destination: name,
  };
  return { status: 'too-large', error };
}

function outOfTime({ name }: DestinationAdapter): Standing {
  return {
    status: 'not-attempted',
    error: { code: 'OUT_OF_TIME', message: 'no time was left to send it', destination: name },
  };
}

/**
 * Entries that may be accepted the next time, and those held behind them, in the order they came in.
 *
 * What can never be accepted as it is, and what is not allowed, does not change within a second. What timed out may
 * have been accepted: each repetition may deliver it once more.
 */
function worthAnotherTry(run: Run, outgoing: readonly Outgoing[]): Outgoing[] {
  if (run.isDown) return [];
  const mayGo = ({ entry }: Outgoing): boolean => {
    const standing = run.standings.get(entry.id);
    if (standing?.status !== 'refused' || standing.isTimeout) return false;
    const isPassing = ['passing', 'internal', 'throttled', 'destination'].includes(standing.fault);
    return isPassing && (run.tries.get(entry.id) ?? 0) < maxTries;
  };
  const openLanes = new Set(outgoing.filter(mayGo).map((one) => laneOf(run.destination, one)));
  return outgoing.filter(
    (one) => !isAccepted(run, one) && openLanes.has(laneOf(run.destination, one)),
  );
}

/** Waits before the next try. Returns whether there is anything left to try and the time for it. */
async function waitForNextTry(
  { destination, tries, ports }: Run,
  pending: readonly Outgoing[],
): Promise<boolean> {
  if (pending.length === 0) return false;
  const eventIds = pending.map(({ entry }) => entry.id);
  const attempt = Math.max(...eventIds.map((id) => tries.get(id) ?? 0));
  const waitMs = backoffMs(attempt, quickBackoff, ports.random);
  if (ports.clock.now() + waitMs >= ports.deadline) return false;
  ports.log.info('trying again', { destination: destination.name, waitMs, eventIds });
  await ports.clock.sleep(waitMs);
  return true;
}

/** The results once nothing is tried again: the place where an outage is told from a bad entry. */
function resultsOf(run: Run, outgoing: readonly Outgoing[]): SendResults {
  const refusals = [...run.standings.values()].filter(({ status }) => status === 'refused');
  const verdict: Verdict = {
    isAccepting: run.accepted > 0 && !run.isDown,
    hasAcceptedLately: hasAcceptedLately(run),
    refusesEveryone: run.accepted === 0 && refusesEveryone(refusals as Refused[]),
  };
  return new Map(
    outgoing.map(({ entry }) => {
      const standing = run.standings.get(entry.id);
      const result =
        standing === undefined
          ? heldBack(run.destination, entry.aggregate)
          : resultOf(standing, verdict);
      return [entry.id, result];
    }),
  );
}

function heldBack({ name }: DestinationAdapter, aggregate: string): SendResult {
  const message = `an earlier event of ${aggregate} was not published`;
  return { status: 'held', error: { code: 'HELD', message, destination: name } };
}

interface Verdict {
  /** Whether the destination took other entries of this run, to the end. */
  readonly isAccepting: boolean;
  /** Whether it took an entry in this run or in the last two minutes. */
  readonly hasAcceptedLately: boolean;
  readonly refusesEveryone: boolean;
}

/**
 * Whether the refusals, the only replies there were, say more of the destination than of the entries.
 *
 * Of ten or more entries none was at fault itself, and all have the same code, those aside that did not even
 * reach it; or two or more have the same code that may speak of either. Then an outage must not park or delay
 * them one by one. What an entry is refused for itself, a missing permission for its type included, is no outage.
 */
function refusesEveryone(refusals: readonly Refused[]): boolean {
  const answered = refusals.filter(({ fault }) => fault !== 'destination' && fault !== 'throttled');
  const isAlike = new Set(answered.map(({ error }) => error.code)).size <= 1;
  if (!isAlike || answered.some(({ fault }) => fault === 'entry')) return false;
  const isUnclear = answered.length > 1 && answered.every(({ fault }) => fault === 'unclear');
  return isUnclear || refusals.length >= outageEvidence;
}

function resultOf(standing: Standing, verdict: Verdict): SendResult {
  switch (standing.status) {
    case 'accepted':
      return { status: 'published' };
    case 'too-large':
      return { status: 'rejected', error: standing.error };
    case 'not-attempted':
      return { status: 'not-attempted', error: standing.error };
    case 'refused':
      return {
        status: verdict.refusesEveryone ? 'unavailable' : statusOfRefusal(standing, verdict),
        error: standing.error,
        isAlone: standing.isAlone && standing.fault !== 'throttled',
      };
  }
}

function statusOfRefusal(
  { fault, isAlone }: Refused,
  { isAccepting, hasAcceptedLately }: Verdict,
): 'rejected' | 'failed' | 'unavailable' {
  switch (fault) {
    case 'entry':
      return 'rejected';
    // A wrong policy refuses everyone so. Only where others are accepted is it this entry that is not allowed.
    case 'sender':
      if (isAccepting) return 'rejected';
      return hasAcceptedLately ? 'failed' : 'unavailable';
    case 'unclear':
      return isAccepting ? 'rejected' : 'failed';
    // A service that is failing may refuse a few entries so, which must not count against them.
    case 'internal':
      return isAccepting || hasAcceptedLately ? 'failed' : 'unavailable';
    case 'passing':
      return 'failed';
    case 'throttled':
      return 'unavailable';
    case 'destination':
      return isAccepting && isAlone ? 'failed' : 'unavailable';
  }
}

/** What one call takes. A destination is one. */
export interface CallLimits<T> {
  readonly maxEntriesPerCall: number;
  readonly maxBytesPerCall: number;
  sizeOf(item: T): number;
}

export interface Packed<T> {
  /** Within the limits, and in the order given: item by item and call by call. */
  readonly calls: readonly (readonly T[])[];
  /** Too large for a call of their own. */
  readonly tooLarge: readonly T[];
}

/** Packs items into calls by count and by bytes. */
export function pack<T>(items: readonly T[], limits: CallLimits<T>): Packed<T> {
  const calls: T[][] = [];
  const tooLarge: T[] = [];
  let room = noRoom;
  for (const item of items) {
    const bytes = limits.sizeOf(item);
    if (bytes > limits.maxBytesPerCall) {
      tooLarge.push(item);
      continue;
    }
    if (room.entries === 0 || room.bytes < bytes) {
      calls.push([]);
      room = { entries: limits.maxEntriesPerCall, bytes: limits.maxBytesPerCall };
    }
    calls.at(-1)?.push(item);
    room = { entries: room.entries - 1, bytes: room.bytes - bytes };
  }
  return { calls, tooLarge };
}

const noRoom = { entries: 0, bytes: 0 };
