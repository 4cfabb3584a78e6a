import type { Buffered, Cursor } from '../../table/ordered.ts';
import type { Message } from '../../table/message.ts';
import type { Delivery, Outcome } from '../delivery.ts';
import type { Deadline } from '../deadline.ts';
import { inTime, type TimePorts } from '../in-time.ts';
import { logKeysOf, withKeys } from '../log.ts';
import { isRedelivered } from '../sqs-event.ts';
import { readBuffered } from './history.ts';
import type { InOrder } from './open-turn.ts';
import { putBackNext } from './put-back-next.ts';
import { take, type Subject, type Taken, type TakePorts } from './take.ts';

/** What going on with waiting messages needs of the invocation. */
export interface GoOnPorts extends TakePorts, TimePorts {
  /** Told of waiting messages that were handled along, or failed. */
  readonly observe: (delivery: Delivery, outcome: Outcome) => void;
}

/**
 * Goes on from a cursor with what waits next, as long as there is something and the invocation has time. Each has the
 * time of a message to itself; one that was given up is put back on the queue, as one that failed.
 */
export async function goOn(cursor: Cursor, subject: Subject, ports: GoOnPorts): Promise<void> {
  let current: Cursor | undefined = cursor;
  while (current !== undefined) current = await handleNextBuffered(current, subject, ports);
}

/** Answers with the cursor to go on from; `undefined` where nothing is left to do here. */
async function handleNextBuffered(
  cursor: Cursor,
  subject: Subject,
  ports: GoOnPorts,
): Promise<Cursor | undefined> {
  const next = await nextOf(cursor, subject.inOrder, ports);
  if (next === undefined) return undefined;
  // One that comes again does not try: the run before may have died of it, and its receives are to be its own.
  const isTried = !isRedelivered(subject.delivery.record) && !ports.deadline.hasPassed();
  const taken = isTried ? await takeBuffered(next, { cursor, subject }, ports) : undefined;
  if (taken?.cursor !== undefined) return taken.cursor;
  if (!isElsewhere(taken)) {
    await putBackNext(subject.inOrder.place, cursor, { ...ports.commit, putBack: ports.putBack });
  }
  return undefined;
}

type Waiting = Buffered & { readonly message: string };

/** What waits with the next sequence, unless it is in the queue: put back already, or going round. */
async function nextOf(
  { sequence, early = 0, putBack }: Cursor,
  { place }: InOrder,
  { commit }: GoOnPorts,
): Promise<Waiting | undefined> {
  if (sequence === undefined) return undefined;
  const next = sequence + 1;
  if (next > early || putBack === next) return undefined;
  const waiting = await readBuffered(place, next, commit);
  return waiting?.message === undefined ? undefined : { ...waiting, message: waiting.message };
}

interface Position {
  readonly cursor: Cursor;
  /** The message that brought the cursor here. */
  readonly subject: Subject;
}

/** Never throws: what fails here is tried again by the queue. */
async function takeBuffered(
  next: Waiting,
  { cursor, subject }: Position,
  ports: GoOnPorts,
): Promise<Taken> {
  const buffered = openBuffered(next, subject);
  const { delivery } = buffered;
  const work = (deadline: Deadline): Promise<Taken> =>
    tryToTakeBuffered({ ...buffered, deadline }, cursor, ports);
  const taken: Taken = await inTime(delivery, work, ports);
  if (taken.outcome.status !== 'rejected') ports.observe(delivery, taken.outcome);
  return taken;
}

async function tryToTakeBuffered(
  subject: Subject,
  cursor: Cursor,
  ports: GoOnPorts,
): Promise<Taken> {
  try {
    return await take(subject, ports, cursor);
  } catch (error) {
    return { outcome: { status: 'failed', error } };
  }
}

/** As if it came from the queue for the first time. */
function openBuffered(next: Waiting, { delivery, inOrder }: Subject): Omit<Subject, 'deadline'> {
  const message = JSON.parse(next.message) as Message;
  const attributes = { ...delivery.record.attributes, ApproximateReceiveCount: '1' };
  const record = { ...delivery.record, body: next.message, attributes };
  const { replayid } = message;
  const arriving = {
    sequence: next.sequence,
    eventId: next.eventId,
    isKept: true,
    ...(replayid === undefined ? {} : { replayId: replayid }),
  };
  return {
    delivery: {
      ...delivery,
      ...{ record, message, log: withKeys(delivery.log, logKeysOf(record, message)) },
    },
    message,
    inOrder: { ...inOrder, arriving },
  };
}

/** Whether another worker has the message in hand, or it was kept anew. */
function isElsewhere(taken: Taken | undefined): boolean {
  const status = taken?.outcome.status;
  return status === 'in-hand' || status === 'early';
}
