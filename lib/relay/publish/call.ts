import { redact } from '../../contract/redact.ts';
import type { Clock, Log } from '../../runtime/ports.ts';
import { faultOfEntry, judgeCall, type CallFailure, type Fault } from './classify.ts';
import type { Destination, Outgoing, Refusal, Reply } from '../destination.ts';
import type { Standing, Standings } from './standing.ts';

/** What a call needs beside the destination. */
export interface CallPorts {
  readonly clock: Pick<Clock, 'now'>;
  readonly log: Log;
  /** No call starts at or after this moment (epoch milliseconds). */
  readonly deadline: number;
}

/**
 * Sends entries in one call, and says where each stands. Never throws.
 *
 * A call that is refused as a whole for a reason that may lie in one entry is split in halves, until
 * the guilty entry is alone and the others have gone.
 */
export async function sendCall(
  destination: Destination,
  outgoing: readonly Outgoing[],
  ports: CallPorts,
): Promise<Standings> {
  if (ports.clock.now() >= ports.deadline) return refuseAll(destination, outgoing, outOfTime);
  const answer = await send(destination, outgoing);
  if ('replies' in answer) return readReplies(destination, outgoing, answer.replies);
  const { failure } = answer;
  if (!failure.mayLieInOneEntry || outgoing.length === 1) {
    return refuseAll(destination, outgoing, failure);
  }
  logSplit(destination, outgoing, { failure, log: ports.log });
  const middle = Math.ceil(outgoing.length / 2);
  return new Map([
    ...(await sendCall(destination, outgoing.slice(0, middle), ports)),
    ...(await sendCall(destination, outgoing.slice(middle), ports)),
  ]);
}

type CallAnswer =
  { readonly replies: readonly (Reply | undefined)[] } | { readonly failure: CallFailure };

async function send(destination: Destination, outgoing: readonly Outgoing[]): Promise<CallAnswer> {
  try {
    return { replies: await destination.send(outgoing) };
  } catch (error) {
    return { failure: judgeCall(error) };
  }
}

/** Whether the entry went is unknown: sending it again may deliver it twice, leaving it may lose it. */
const noReply: Refusal = {
  status: 'refused',
  code: 'NO_REPLY',
  message: 'the destination answered without a word on this entry',
};

/** The code of an entry for which no time was left: nothing is known against it or the destination. */
export const outOfTimeCode = 'OUT_OF_TIME';

const outOfTime = {
  fault: 'destination',
  code: outOfTimeCode,
  message: 'no time was left to send it',
} as const;

function readReplies(
  destination: Destination,
  outgoing: readonly Outgoing[],
  replies: readonly (Reply | undefined)[],
): Standings {
  return new Map(
    outgoing.map(({ entry }, index) => [
      entry.id,
      standingOf(destination, replies[index] ?? noReply),
    ]),
  );
}

function standingOf({ name }: Destination, reply: Reply): Standing {
  if (reply.status === 'accepted') return reply;
  const error = { code: reply.code, message: redact(reply.message), destination: name };
  return { status: 'refused', fault: faultOfEntry(reply), error };
}

function refuseAll(
  { name }: Destination,
  outgoing: readonly Outgoing[],
  { fault, code, message }: { fault: Fault; code: string; message: string },
): Standings {
  const error = { code, message, destination: name };
  return new Map(outgoing.map(({ entry }) => [entry.id, { status: 'refused', fault, error }]));
}

function logSplit(
  destination: Destination,
  outgoing: readonly Outgoing[],
  { failure, log }: { failure: CallFailure; log: Log },
): void {
  log.info('call refused as a whole: splitting it', {
    destination: destination.name,
    code: failure.code,
    eventIds: outgoing.map(({ entry }) => entry.id),
  });
}
