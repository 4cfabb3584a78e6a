import { inSequence, type Entry } from '../table/entry.ts';
import { matchesType } from '../core/event-types.ts';
import type { DeliveryMarks } from '../table/message.ts';
import type { Clock, Log, Random } from '../core/ports.ts';
import {
  toOutgoing,
  type DestinationAdapter,
  type Outgoing,
  type SendResult,
} from './destination.ts';
import {
  fateOf,
  retryBackoff,
  unsettled,
  type DestinationResult,
  type Candidate,
  type Fate,
  type RetryPolicy,
  type SettledFate,
} from './fate.ts';
import type { Breaker } from './classify.ts';
import { acceptanceFreshMs, publish } from './publish.ts';
import type { WaitingRoom } from '../table/stores.ts';

/** What an attempt needs of the world. */
export interface AttemptPorts {
  readonly store: Pick<WaitingRoom, 'heldAggregates'>;
  readonly destinations: readonly DestinationAdapter[];
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** CloudEvents source of the messages. */
  readonly source: string;
  /** Attempts after which an entry is parked. */
  readonly maxAttempts: number;
  /** @default - each call finds out by itself that a destination is down */
  readonly breaker?: Breaker | undefined;
  /** When a destination last took an entry, in epoch milliseconds. @default - not known */
  readonly lastAcceptedAt?: (destination: string) => number;
}

/** What differs from attempt to attempt. */
export interface AttemptOptions {
  /** Epoch milliseconds after which nothing is tried again. */
  readonly deadline: number;
  readonly marks?: DeliveryMarks;
  /**
   * Called when no destination took any of the entries: whether a destination is known to take others. Then
   * these go to the waiting room instead of staying where they are, since they would keep back what is behind them.
   *
   * @default - nothing is known
   */
  readonly takesOthers?: () => Promise<boolean>;
}

/**
 * Sends fresh candidates to the destinations, and returns the result of each, in their order.
 *
 * Publishes, but writes nothing: the caller records the results. An entry's
 * destinations are served in parallel, and one that fails keeps no other from its entries.
 */
export async function attempt(
  candidates: readonly Candidate[],
  ports: AttemptPorts,
  options: AttemptOptions,
): Promise<Fate[]> {
  const held = await heldAmong(candidates, ports);
  const asked = await askAll(candidates, { held, ports, options });
  const answers = asked.flatMap((one) => one.answers);
  const isOutage = isTotalOutage(answers, ports) && !(await isOvercome(answers, options));
  const stays = isOutage ? hasNotGone : staysForLackOfTime(asked);
  return asked.map((one) =>
    one.answers.length > 0 && stays(one)
      ? unsettled(one.candidate, one.answers)
      : fateOf(one.candidate, one.answers, policyOf(ports)),
  );
}

/**
 * The same for candidates of the waiting room, sent to the destinations that lack them.
 *
 * They are first in their line, so their holds are not looked up; and they stay where they are in an outage
 * too, so none is left unsettled.
 */
export async function attemptWaiting(
  candidates: readonly Candidate[],
  ports: AttemptPorts,
  options: AttemptOptions,
): Promise<SettledFate[]> {
  const startedAt = ports.clock.now();
  const asked = await askAll(candidates, { held: new Set(), ports, options });
  // Only what was accepted meanwhile shows that an attempt failed for the entry's sake.
  const tookOthers = (destination: string): boolean =>
    (ports.lastAcceptedAt?.(destination) ?? Number.NEGATIVE_INFINITY) >= startedAt;
  const policy = { ...policyOf(ports), tookOthers };
  return asked.map(({ candidate, answers }) => fateOf(candidate, answers, policy));
}

interface Asked {
  readonly candidate: Candidate;
  readonly answers: readonly DestinationResult[];
}

type AnswersById = ReadonlyMap<string, DestinationResult>;

interface Round {
  readonly held: ReadonlySet<string>;
  readonly ports: AttemptPorts;
  readonly options: AttemptOptions;
}

function wants(destination: DestinationAdapter, { entry, missing }: Candidate): boolean {
  const lacks = missing === undefined || missing.includes(destination.name);
  return lacks && matchesType(destination.types, entry.type);
}

/** Aggregates with an earlier entry waiting for an ordered destination. */
async function heldAmong(
  candidates: readonly Candidate[],
  { store, destinations }: AttemptPorts,
): Promise<ReadonlySet<string>> {
  const ordered = destinations.filter((destination) => destination.ordered);
  const aggregates = candidates
    .filter((candidate) => candidate.entry.sequence !== undefined)
    .filter((candidate) => ordered.some((destination) => wants(destination, candidate)))
    .map((candidate) => candidate.entry.aggregate);
  return aggregates.length === 0 ? new Set() : store.heldAggregates([...new Set(aggregates)]);
}

async function askAll(candidates: readonly Candidate[], round: Round): Promise<Asked[]> {
  const byDestination = await Promise.all(
    round.ports.destinations.map((destination) => askDestination(destination, candidates, round)),
  );
  return candidates.map((candidate) => ({
    candidate,
    answers: byDestination.flatMap((answers) => answers.get(candidate.entry.id) ?? []),
  }));
}

async function askDestination(
  destination: DestinationAdapter,
  candidates: readonly Candidate[],
  { held, ports, options }: Round,
): Promise<AnswersById> {
  const wanted = candidates.filter((candidate) => wants(destination, candidate));
  const isHeld = ({ entry }: Candidate): boolean =>
    destination.ordered && entry.sequence !== undefined && held.has(entry.aggregate);
  const sendable = wanted.filter((candidate) => !isHeld(candidate)).map(({ entry }) => entry);
  const results = await publish(destination, outgoing(sendable, ports, options), {
    ...ports,
    deadline: options.deadline,
  });
  return new Map(
    wanted.map((candidate) => [
      candidate.entry.id,
      {
        destination: destination.name,
        ordered: destination.ordered,
        result: results.get(candidate.entry.id) ?? waitingBehind(candidate.entry),
      },
    ]),
  );
}

/** The entries as messages, each aggregate's in sequence. */
function outgoing(
  entries: readonly Entry[],
  ports: AttemptPorts,
  options: AttemptOptions,
): Outgoing[] {
  return inSequence(entries, (entry) => entry).map((entry) =>
    toOutgoing(entry, ports.source, options.marks),
  );
}

function waitingBehind(entry: Entry): SendResult {
  return {
    status: 'held',
    error: { code: 'HELD', message: `an earlier event of ${entry.aggregate} is waiting` },
  };
}

function policyOf(ports: AttemptPorts): RetryPolicy {
  const { maxAttempts, random, clock } = ports;
  const isUp = (destination: string): boolean => hasAcceptedLately(destination, ports);
  return { maxAttempts, random, backoff: retryBackoff, now: clock.now(), isUp };
}

function hasAcceptedLately(destination: string, { clock, lastAcceptedAt }: AttemptPorts): boolean {
  return (
    lastAcceptedAt !== undefined && clock.now() - lastAcceptedAt(destination) <= acceptanceFreshMs
  );
}

/**
 * No destination took anything, and not because of the entries. One that works ends an outage: entries must not wait
 * in the stream for a destination that is not theirs. One that was not asked works if it took an entry lately.
 */
function isTotalOutage(answers: readonly DestinationResult[], ports: AttemptPorts): boolean {
  if (!answers.some(({ result }) => isUnreached(result.status))) return false;
  return ports.destinations.every(({ name }) => {
    const asked = answers.filter(({ destination }) => destination === name);
    if (asked.length === 0) return !hasAcceptedLately(name, ports);
    const statuses = asked.map(({ result }) => result.status);
    return statuses.some(isUnreached) && !statuses.includes('published');
  });
}

function isUnreached(status: SendResult['status']): boolean {
  return status === 'unavailable' || status === 'not-attempted';
}

/** Asked only where something was tried: lack of time says nothing of the entries. */
async function isOvercome(
  answers: readonly DestinationResult[],
  { takesOthers }: AttemptOptions,
): Promise<boolean> {
  if (takesOthers === undefined) return false;
  return answers.some(({ result }) => result.status === 'unavailable') && (await takesOthers());
}

function hasNotGone({ answers }: Asked): boolean {
  return answers.every(({ result }) => isUnreached(result.status) || result.status === 'held');
}

/**
 * Whether an entry's turn did not come before the deadline, or only that of one before it in its
 * aggregate. It is redelivered at once, and needs no row of its own.
 */
function staysForLackOfTime(asked: readonly Asked[]): (one: Asked) => boolean {
  const untried = asked.filter(({ answers }) => answers.every(wasNotTried));
  const aggregates = new Set(untried.map(({ candidate }) => candidate.entry.aggregate));
  return ({ candidate, answers }) => {
    const isBehind = aggregates.has(candidate.entry.aggregate);
    const isHeld = (answer: DestinationResult): boolean =>
      isBehind && answer.result.status === 'held';
    return answers.every((answer) => wasNotTried(answer) || isHeld(answer));
  };
}

function wasNotTried({ result }: DestinationResult): boolean {
  return result.status === 'not-attempted';
}
