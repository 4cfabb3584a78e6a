import type { Entry } from '../../contract/entry.ts';
import { matchesType } from '../../contract/event-types.ts';
import type { DeliveryMarks } from '../../contract/message.ts';
import type { Clock, Log, Random } from '../../runtime/ports.ts';
import { toOutgoing, type Destination, type Outcome, type Outgoing } from '../destination.ts';
import { inSequence } from '../in-sequence.ts';
import {
  fateOf,
  retryBackoff,
  unsettled,
  type Answer,
  type Candidate,
  type Fate,
  type RetryPolicy,
  type SettledFate,
} from './fate.ts';
import { outOfTimeCode } from '../publish/call.ts';
import { publish } from '../publish/publish.ts';
import type { WaitingRoom } from '../store.ts';

/** What an attempt needs of the world. */
export interface AttemptPorts {
  readonly store: Pick<WaitingRoom, 'heldAggregates'>;
  readonly destinations: readonly Destination[];
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** CloudEvents source of the messages. */
  readonly source: string;
  /** Attempts after which an entry is parked. */
  readonly maxAttempts: number;
}

/** What differs from attempt to attempt. */
export interface AttemptOptions {
  /** Epoch milliseconds after which nothing is tried again. */
  readonly deadline: number;
  readonly marks?: DeliveryMarks;
}

/**
 * Sends fresh candidates to the destinations, and says what became of each, in their order.
 *
 * Publishes, but writes nothing: what becomes of the fates is the caller's affair. An entry's
 * destinations are served in parallel, and one that fails keeps no other from its entries.
 */
export async function attempt(
  candidates: readonly Candidate[],
  ports: AttemptPorts,
  options: AttemptOptions,
): Promise<Fate[]> {
  const held = await heldAmong(candidates, ports);
  const asked = await askAll(candidates, { held, ports, options });
  const isOutage = isTotalOutage(
    asked.flatMap(({ answers }) => answers),
    ports.destinations,
  );
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
  const asked = await askAll(candidates, { held: new Set(), ports, options });
  return asked.map(({ candidate, answers }) => fateOf(candidate, answers, policyOf(ports)));
}

interface Asked {
  readonly candidate: Candidate;
  readonly answers: readonly Answer[];
}

type AnswersById = ReadonlyMap<string, Answer>;

interface Round {
  readonly held: ReadonlySet<string>;
  readonly ports: AttemptPorts;
  readonly options: AttemptOptions;
}

function wants(destination: Destination, { entry, missing }: Candidate): boolean {
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
  destination: Destination,
  candidates: readonly Candidate[],
  { held, ports, options }: Round,
): Promise<AnswersById> {
  const wanted = candidates.filter((candidate) => wants(destination, candidate));
  const isHeld = ({ entry }: Candidate): boolean =>
    destination.ordered && entry.sequence !== undefined && held.has(entry.aggregate);
  const sendable = wanted.filter((candidate) => !isHeld(candidate)).map(({ entry }) => entry);
  const outcomes = await publish(destination, outgoing(sendable, ports, options), {
    ...ports,
    deadline: options.deadline,
  });
  return new Map(
    wanted.map((candidate) => [
      candidate.entry.id,
      {
        destination: destination.name,
        ordered: destination.ordered,
        outcome: outcomes.get(candidate.entry.id) ?? waitingBehind(candidate.entry),
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

function waitingBehind(entry: Entry): Outcome {
  return {
    status: 'held',
    error: { code: 'HELD', message: `an earlier event of ${entry.aggregate} is waiting` },
  };
}

function policyOf({ maxAttempts, random, clock }: AttemptPorts): RetryPolicy {
  return { maxAttempts, random, backoff: retryBackoff, now: clock.now() };
}

/**
 * No destination took anything, and not because of the entries. One that works ends an outage, and so
 * does one that was not asked: entries must not wait in the stream for a destination that is not theirs.
 */
function isTotalOutage(answers: readonly Answer[], destinations: readonly Destination[]): boolean {
  return destinations.every(({ name }) => {
    const statuses = answers
      .filter(({ destination }) => destination === name)
      .map(({ outcome }) => outcome.status);
    return statuses.includes('unavailable') && !statuses.includes('published');
  });
}

function hasNotGone({ answers }: Asked): boolean {
  return answers.every(({ outcome }) => ['unavailable', 'held'].includes(outcome.status));
}

/**
 * Whether an entry's turn did not come before the deadline, or only that of one before it in its
 * aggregate. It comes again at once, and need not wait in a row of its own.
 */
function staysForLackOfTime(asked: readonly Asked[]): (one: Asked) => boolean {
  const untried = asked.filter(({ answers }) => answers.every(wasNotTried));
  const aggregates = new Set(untried.map(({ candidate }) => candidate.entry.aggregate));
  return ({ candidate, answers }) => {
    const isBehind = aggregates.has(candidate.entry.aggregate);
    const isHeld = (answer: Answer): boolean => isBehind && answer.outcome.status === 'held';
    return answers.every((answer) => wasNotTried(answer) || isHeld(answer));
  };
}

function wasNotTried({ outcome }: Answer): boolean {
  return outcome.status !== 'published' && outcome.error.code === outOfTimeCode;
}
