import type { Entry } from '../contract/entry.ts';
import { matchesType } from '../contract/event-types.ts';
import type { DeliveryMarks } from '../contract/message.ts';
import type { Clock, Log, Random } from '../runtime/ports.ts';
import { toOutgoing, type Destination, type Outcome, type Outgoing } from './destination.ts';
import { fateOf, retryBackoff, unsettled, type Answer, type Candidate, type Fate } from './fate.ts';
import { publish } from './publish.ts';
import type { WaitingRoom } from './store.ts';

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
  /** Entries that go first in their aggregate by the caller's knowledge: their hold is not looked up. */
  readonly released?: boolean;
  readonly marks?: DeliveryMarks;
}

/**
 * Sends candidates to the destinations that lack them, and says what became of each, in their order.
 *
 * Publishes, but writes nothing: what becomes of the fates is the caller's affair. An entry's
 * destinations are served in parallel, and one that fails keeps no other from its entries.
 */
export async function attempt(
  candidates: readonly Candidate[],
  ports: AttemptPorts,
  options: AttemptOptions,
): Promise<Fate[]> {
  const held = options.released === true ? new Set<string>() : await heldAmong(candidates, ports);
  const answers = await Promise.all(
    ports.destinations.map((destination) =>
      askDestination(destination, candidates, { held, ports, options }),
    ),
  );
  return fatesOf(candidates, answers, ports);
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
  return entries
    .toSorted((a, b) => (a.sequence ?? 0) - (b.sequence ?? 0))
    .map((entry) => toOutgoing(entry, ports.source, options.marks));
}

function waitingBehind(entry: Entry): Outcome {
  return {
    status: 'held',
    error: { code: 'HELD', message: `an earlier event of ${entry.aggregate} is waiting` },
  };
}

function fatesOf(
  candidates: readonly Candidate[],
  byDestination: readonly AnswersById[],
  { maxAttempts, random, clock }: AttemptPorts,
): Fate[] {
  const answersTo = ({ entry }: Candidate): Answer[] =>
    byDestination.flatMap((answers) => answers.get(entry.id) ?? []);
  const all = byDestination.flatMap((answers) => [...answers.values()]);
  const isOutage = isTotalOutage(all.map(({ outcome }) => outcome));
  const policy = { maxAttempts, random, backoff: retryBackoff, now: clock.now() };
  return candidates.map((candidate) => {
    const answers = answersTo(candidate);
    return isOutage && answers.length > 0 && answers.every(couldNotBeSent)
      ? unsettled(candidate, answers)
      : fateOf(candidate, answers, policy);
  });
}

/** Nothing at all arrived anywhere, and not because of the entries. */
function isTotalOutage(outcomes: readonly Outcome[]): boolean {
  const some = (status: Outcome['status']): boolean =>
    outcomes.some((outcome) => outcome.status === status);
  return some('unavailable') && !some('published');
}

function couldNotBeSent({ outcome }: Answer): boolean {
  return outcome.status === 'unavailable' || outcome.status === 'held';
}
