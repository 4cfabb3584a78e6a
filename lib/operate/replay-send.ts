import { matchesType } from '../core/event-types.ts';
import type { DeliveryError } from '../table/waiting.ts';
import type { Clock, Log, Random } from '../core/ports.ts';
import {
  toOutgoing,
  type DestinationAdapter,
  type Outgoing,
  type SendResult,
  type SendResults,
} from '../delivery/destination.ts';
import { inSequence } from '../table/entry.ts';
import { publish } from '../delivery/publish.ts';
import type { Replayable } from './replay-pages.ts';

/** What delivering again needs of the world. */
export interface SendAgainPorts {
  readonly destinations: readonly DestinationAdapter[];
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** CloudEvents source of the messages. */
  readonly messageSource: string;
}

/** What came of delivering a part of a page again. */
export interface SentAgain {
  /** Entries that a destination got. */
  readonly sent: number;
  /** Those that a destination will never take. */
  readonly refused: readonly RefusedEntry[];
  /** Why it makes no sense to go on now; absent where it does. */
  readonly stoppedBy?: DeliveryError;
}

export interface RefusedEntry {
  readonly eventId: string;
  readonly error: DeliveryError;
}

/** How long one part is tried. */
const patienceMs = 60_000;

/** Delivers entries to each destination that takes their type, each aggregate's in sequence. */
export async function sendAgain(
  part: readonly Replayable[],
  replayId: string,
  ports: SendAgainPorts,
): Promise<SentAgain> {
  const outgoing = inSequence(part, ({ entry }) => entry).map(({ entry, ...skipped }) =>
    toOutgoing(entry, ports.messageSource, { replayId, ...skipped }),
  );
  const results = await Promise.all(
    ports.destinations.map((destination) =>
      sendTo(
        destination,
        outgoing.filter(({ entry }) => matchesType(destination.types, entry.type)),
        ports,
      ),
    ),
  );
  const stoppedBy = results.map((result) => result.stoppedBy).find((error) => error !== undefined);
  return {
    sent: new Set(results.flatMap(({ ids }) => ids)).size,
    refused: results.flatMap(({ refused }) => refused),
    ...(stoppedBy === undefined ? {} : { stoppedBy }),
  };
}

interface Result extends Pick<SentAgain, 'refused' | 'stoppedBy'> {
  readonly ids: readonly string[];
}

async function sendTo(
  destination: DestinationAdapter,
  outgoing: readonly Outgoing[],
  ports: SendAgainPorts,
): Promise<Result> {
  const ids: string[] = [];
  const refused: RefusedEntry[] = [];
  let pending = outgoing;
  while (pending.length > 0) {
    const deadline = ports.clock.now() + patienceMs;
    const results = await publish(destination, pending, { ...ports, deadline });
    ids.push(...withStatus(results, 'published').map(([id]) => id));
    refused.push(
      ...withStatus(results, 'rejected').map(([eventId, error]) => ({ eventId, error })),
    );
    const [stop] = [
      ...withStatus(results, 'unavailable'),
      ...withStatus(results, 'failed'),
      ...withStatus(results, 'not-attempted'),
    ];
    if (stop !== undefined) return { ids, refused, stoppedBy: stop[1] };
    // Behind one that can never go the others of its aggregate were kept back: they go without it.
    const held = new Set(withStatus(results, 'held').map(([id]) => id));
    pending = pending.filter(({ entry }) => held.has(entry.id));
  }
  return { ids, refused };
}

const noError: DeliveryError = { code: 'NONE', message: '' };

function withStatus(
  results: SendResults,
  status: SendResult['status'],
): [eventId: string, error: DeliveryError][] {
  return [...results]
    .filter(([, result]) => result.status === status)
    .map(([id, result]) => [id, result.status === 'published' ? noError : result.error]);
}
