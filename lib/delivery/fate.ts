import { ownLimits } from '../core/limits.ts';
import type { Random } from '../core/ports.ts';
import { backoffMs, type Backoff } from '../core/retry.ts';
import type { Entry } from '../table/entry.ts';
import type { InvalidPageRow } from '../table/stores.ts';
import {
  withAttempt,
  type DeliveryError,
  type Waiting,
  type WaitingState,
} from '../table/waiting.ts';
import type { SendResult } from './destination.ts';

/** An entry to be delivered, with what is known of earlier attempts. */
export interface Candidate {
  readonly entry: Entry;
  /** Attempts started before this one. */
  readonly attempts: number;
  /** Destinations that lack it. @default - all that want its type */
  readonly missing?: readonly string[];
  /** When it was first tried, epoch milliseconds. @default - never before */
  readonly firstTriedAt?: number;
}

/** What one destination said of one candidate. */
export interface DestinationResult {
  readonly destination: string;
  readonly ordered: boolean;
  readonly result: SendResult;
}

/**
 * What an attempt made of an entry: delivered everywhere; on to the waiting room; or `unsettled`: it
 * stays where it came from, because no destination could be reached and waiting rows would only copy a backlog.
 */
export type Fate =
  | { readonly status: 'published'; readonly candidate: Candidate }
  | { readonly status: 'unsettled'; readonly candidate: Candidate; readonly error: DeliveryError }
  | WaitingFate;

/** The result for an entry that does not stay where it came from. */
export type SettledFate = Exclude<Fate, { status: 'unsettled' }>;

export interface WaitingFate {
  readonly status: 'waiting';
  readonly candidate: Candidate;
  readonly state: Exclude<WaitingState, 'deferred'>;
  readonly missing: readonly string[];
  /** Whether it has a place in a sequence that one of the missing keeps. */
  readonly blocksLane: boolean;
  readonly attempts: number;
  /** Milliseconds until it is looked at again. */
  readonly delayMs: number;
  /** Whether it was sent, or held back by an earlier one; not where there was no time for it. */
  readonly isAttempted: boolean;
  readonly error: DeliveryError;
}

/** When a failed entry is tried again, and when it is parked. */
export interface RetryPolicy {
  readonly maxAttempts: number;
  readonly backoff: Backoff;
  readonly random: Random;
  /** Epoch milliseconds. */
  readonly now: number;
  /** Whether a destination is known to take other entries. @default - it is not */
  readonly isUp?: (destination: string) => boolean;
  /** Whether a destination took others during the attempt: then one that failed alone counts. @default - not known */
  readonly tookOthers?: (destination: string) => boolean;
}

/** Waits of about 1, 4, 16 and 60 minutes between the attempts: five attempts take about an hour. */
export const retryBackoff: Backoff = {
  baseMs: 60_000,
  maxMs: 3_600_000,
  factor: 4,
  jitter: 'equal',
};

/**
 * How long an entry waits for a destination that refuses everyone. Such attempts do not count, since
 * nothing is known against the entry; but what lasts longer than this, somebody must look at.
 */
export const unavailableForMs = 24 * 3_600_000;
const unavailableDelay = { minMs: 60_000, maxMs: 30 * 60_000 };

/** How long a held entry waits before it is checked without a release: recovers from a lost release. */
export const heldCheckMs = 5 * 60_000;

/** The code of an entry that no destination wants, or none any more of those that lacked it. */
export const noDestinationCode = 'NO_DESTINATION';

/** Somebody changed a filter, or removed a destination, after it was written. */
const unwanted: DeliveryError = {
  code: noDestinationCode,
  message:
    'no destination takes this type of event: widen a filter, then redrive it, or discard it',
};

/** What the answers make of a candidate, the destinations being in working order. */
export function fateOf(
  candidate: Candidate,
  answers: readonly DestinationResult[],
  policy: RetryPolicy,
): SettledFate {
  if (answers.length === 0) return parkUnwanted(candidate);
  const open = answers.filter(({ result }) => result.status !== 'published');
  const worst = mostSevereOf(open);
  if (worst === undefined) return { status: 'published', candidate };
  return {
    status: 'waiting',
    candidate,
    ...nextState(candidate, worst, policy),
    missing: open.map(({ destination }) => destination),
    blocksLane: candidate.entry.sequence !== undefined && open.some(({ ordered }) => ordered),
    isAttempted: worst.result.status !== 'not-attempted',
    error: errorOf(worst),
  };
}

/** The candidate left where it is. */
export function unsettled(candidate: Candidate, answers: readonly DestinationResult[]): Fate {
  const worst = mostSevereOf(answers);
  return { status: 'unsettled', candidate, error: worst === undefined ? unwanted : errorOf(worst) };
}

type OpenAnswer = DestinationResult & {
  readonly result: Exclude<SendResult, { status: 'published' }>;
};

// What may still succeed is tried before a person is called: a rejection counts only once nothing else is open.
const severity = {
  failed: 5,
  unavailable: 4,
  'not-attempted': 3,
  held: 2,
  rejected: 1,
  published: 0,
} as const;

function mostSevereOf(answers: readonly DestinationResult[]): OpenAnswer | undefined {
  const open = answers.filter(
    (answer): answer is OpenAnswer => answer.result.status !== 'published',
  );
  return open.toSorted((a, b) => severity[b.result.status] - severity[a.result.status])[0];
}

type NextState = Pick<WaitingFate, 'state' | 'attempts' | 'delayMs'>;

function nextState(
  candidate: Candidate,
  { destination, result }: OpenAnswer,
  policy: RetryPolicy,
): NextState {
  const attempts = candidate.attempts + 1;
  const isAgainstEntry = policy.tookOthers?.(destination) === true && result.isAlone === true;
  const status = result.status === 'unavailable' && isAgainstEntry ? 'failed' : result.status;
  switch (status) {
    case 'rejected':
      return { state: 'parked', attempts, delayMs: 0 };
    case 'held':
      return { state: 'held', attempts: candidate.attempts, delayMs: heldCheckMs };
    case 'failed':
      return attempts >= policy.maxAttempts
        ? { state: 'parked', attempts, delayMs: 0 }
        : {
            state: 'retrying',
            attempts,
            delayMs: backoffMs(attempts, policy.backoff, policy.random),
          };
    case 'unavailable':
      return waitForDestination(candidate, destination, policy);
    // For lack of time nothing waits longer, and nothing is parked.
    case 'not-attempted':
      return { state: 'retrying', attempts: candidate.attempts, delayMs: 0 };
  }
}

/**
 * Looked at again after as long as it has waited, within bounds: soon after a hiccup, seldom in a long outage. Soon each
 * time where the destination takes others: then it may only have been sent in bad company.
 */
function waitForDestination(
  candidate: Candidate,
  destination: string,
  { now, random, isUp }: RetryPolicy,
): NextState {
  const waitedMs = now - (candidate.firstTriedAt ?? now);
  if (waitedMs >= unavailableForMs)
    return { state: 'parked', attempts: candidate.attempts, delayMs: 0 };
  const { minMs, maxMs } = unavailableDelay;
  const boundMs = isUp?.(destination) === true ? minMs : Math.min(maxMs, Math.max(minMs, waitedMs));
  const delayMs = boundMs * ((1 + random()) / 2);
  return { state: 'retrying', attempts: candidate.attempts, delayMs: Math.floor(delayMs) };
}

function errorOf({ destination, result }: OpenAnswer): DeliveryError {
  return { ...result.error, destination };
}

function parkUnwanted(candidate: Candidate): WaitingFate {
  return {
    status: 'waiting',
    candidate,
    state: 'parked',
    missing: candidate.missing ?? [],
    blocksLane: false,
    attempts: candidate.attempts + 1,
    delayMs: 0,
    isAttempted: true,
    error: unwanted,
  };
}

/** The waiting row of an entry that did not go. */
export function waitingFrom(fate: WaitingFate, now: number): Waiting {
  const { candidate, state, missing, blocksLane, attempts, isAttempted, error } = fate;
  return {
    entry: candidate.entry,
    state,
    dueAt: now + fate.delayMs,
    attempts,
    missing,
    blocksLane,
    error,
    ...(state === 'held' || !isAttempted ? {} : firstAttempt(now, error.code)),
  };
}

function firstAttempt(now: number, code: string): Partial<Waiting> {
  return {
    recentAttempts: withAttempt([], { at: now, code }),
    firstTriedAt: now,
    lastTriedAt: now,
  };
}

/** The waiting row of a row that is no entry: parked at once, since no attempt can succeed. */
export function parkedFrom({ key, json, problem }: InvalidPageRow, now: number): Waiting {
  return {
    entry: { key, json: json.slice(0, ownLimits.maxInvalidRowChars) },
    state: 'parked',
    dueAt: now,
    attempts: 0,
    blocksLane: false,
    error: { code: 'ENTRY_INVALID', message: problem },
  };
}
