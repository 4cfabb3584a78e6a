import { definedOnly } from '../../core/collections.ts';
import { OutboxError } from '../../core/errors.ts';
import { limits } from '../../core/limits.ts';
import { backoffMs, type Backoff } from '../../core/retry.ts';
import { itemBytes } from '../../dynamodb/items.ts';
import { withContext } from '../../events/context.ts';
import { messageToText, sequenceOf, type Message } from '../../table/message.ts';
import { bufferedToRow, type Buffered, type Cursor } from '../../table/ordered.ts';
import { inTime, type Deadline, type TimePorts } from '../deadline.ts';
import { rejected, type Delivery, type Outcome, type Rejected } from '../delivery.ts';
import { recall, textToResult } from '../lease.ts';
import { logKeysOf, withKeys } from '../log.ts';
import { contextCausedBy, readData, toInboxMessage } from '../message.ts';
import { isFifo, isRedelivered } from '../sqs-event.ts';
import type { Subscriptions } from '../subscriptions.ts';
import { handledBy, type MarkerPorts } from '../transaction.ts';
import { readBuffered, readCursor, store, type CursorChange, type Stored } from './history.ts';
import { putBackNext, type PutBack } from './put-back.ts';
import {
  decide,
  openTurn,
  sequenceTaken,
  type InOrder,
  type OpenTurn,
  type TurnPorts,
} from './turn.ts';

/** What sequencing takes of the invocation that it is part of. */
export interface SequencerPorts extends GoOnPorts {
  /** Whether there is a handler for a type. */
  readonly isWanted: (type: string) => boolean;
}

/** The outcome of a message, and what to do once it is reported: its own time does not count for those that waited. */
export interface Sequenced {
  readonly outcome: Outcome | Rejected;
  /** Goes on with what waits next. If it throws, the queue redelivers the message, which goes on. */
  readonly goOn?: (() => Promise<void>) | undefined;
}

/**
 * Handles a message in its aggregate's sequence: the next in line at once; an old one is a duplicate; an early one
 * is kept, and handled as soon as those before it are.
 *
 * Guarantee: each sequence is handled once, after the one before it, or the aggregate stops where it is seen. A
 * message that was acknowledged without being handled waits in the inbox's table. A worker that moves the cursor, or
 * finds it moved, goes on with the next one that waits: in the same run, or by putting it back on the queue.
 */
export async function handleInSequence(
  arrived: Omit<Subject, 'inOrder'>,
  ports: SequencerPorts,
): Promise<Sequenced> {
  const { delivery, message } = arrived;
  const inOrder = orderOf(delivery, message, ports);
  if (inOrder === undefined) return { outcome: withoutSequence(message, ports) };
  const subject = { ...arrived, inOrder };
  const { outcome, cursor } = await take(subject, ports);
  return cursor === undefined ? { outcome } : { outcome, goOn: () => goOn(cursor, subject, ports) };
}

function orderOf(
  { record }: Delivery,
  message: Message,
  { commit }: SequencerPorts,
): InOrder | undefined {
  const sequence = sequenceOf(message) ?? 0;
  if (sequence < 1 || !Number.isSafeInteger(sequence)) return undefined;
  return {
    place: { inbox: commit.config.name, aggregate: message.subject },
    arriving: { sequence, eventId: message.id, ...definedOnly({ replayId: message.replayid }) },
    isFifo: isFifo(record),
  };
}

/** It has no turn. An inbox without a handler for it can skip it. */
function withoutSequence({ type, skipped }: Message, ports: SequencerPorts): Outcome | Rejected {
  if (skipped === true || !ports.isWanted(type)) return { status: 'passed' };
  return rejected(
    'SEQUENCE_MISSING',
    `${type} has no sequence from 1, and this inbox is ordered: give its events one, or handle them in an inbox that is not`,
  );
}

/** What taking messages in turn needs of the invocation. */
interface TakePorts extends KeepPorts {
  /** Handles a message whose turn it is. */
  readonly perform: (subject: Subject, turn: OpenTurn) => Promise<Outcome | Rejected>;
  /** Does what there is to do for a message that the cursor is beyond. */
  readonly repeat: (message: Message) => Promise<Outcome>;
}

/** A message that is to be handled in its turn. */
interface Subject {
  readonly delivery: Delivery;
  readonly message: Message;
  readonly inOrder: InOrder;
  /** The time that it has. */
  readonly deadline: Deadline;
}

/** The outcome of a message, and where the cursor is, if it is known to be beyond the message. */
interface Taken {
  readonly outcome: Outcome | Rejected;
  readonly cursor?: Cursor;
}

/** Tries to keep an early message, where each time another worker changed the cursor first. */
const maxTries = 8;
const backoff: Backoff = { baseMs: 25, maxMs: 500 };

/**
 * Handles a message if it is its turn, keeps it if it came early. Many that come early at once change one cursor: one
 * that is overtaken by others again and again goes round the queue, so that being early burns no receive.
 *
 * @param known the cursor, where it was just read
 */
async function take(subject: Subject, ports: TakePorts, known?: Cursor): Promise<Taken> {
  const { place } = subject.inOrder;
  let cursor = known ?? (await readCursor(place, ports.commit));
  for (let tried = 1; tried <= maxTries; tried++) {
    const taken = await tryToTake(subject, cursor, ports);
    if (taken !== 'overtaken') return taken;
    const { clock, random } = ports.commit;
    await clock.sleep(backoffMs(tried, backoff, random));
    cursor = await readCursor(place, ports.commit);
  }
  return { outcome: await requeueReplay(subject, ports) };
}

async function requeueReplay(subject: Subject, ports: TakePorts): Promise<Outcome> {
  if (subject.inOrder.isFifo) return { status: 'in-progress' };
  await requeueWithDelay(earlyOf(subject), roundSeconds, ports);
  return { status: 'early' };
}

/** The messages of a replay that waits come back while its beginning is waited for. */
function waitSeconds({ ordered }: TakePorts): number {
  return Math.max(1, Math.min(roundSeconds, Math.floor(ordered.adoptWaitMs / 2000)));
}

function earlyOf({ delivery, message, inOrder }: Subject): Early {
  return { message, group: delivery.record.attributes.MessageGroupId, inOrder };
}

async function tryToTake(
  subject: Subject,
  cursor: Cursor,
  ports: TakePorts,
): Promise<Taken | 'overtaken'> {
  const { inOrder } = subject;
  const turn = await decide(cursor, inOrder, ports);
  switch (turn.status) {
    case 'old':
      return { outcome: await ports.repeat(subject.message), cursor };
    case 'taken':
      return { outcome: taken(inOrder) };
    case 'missed':
      return { outcome: missed(inOrder) };
    case 'waits':
      await requeueWithDelay(earlyOf(subject), waitSeconds(ports), ports);
      return { outcome: { status: 'early' } };
    case 'next':
      return handleNext(
        subject,
        openTurn(inOrder, { before: cursor, after: turn.after }, ports),
        ports,
      );
    case 'early': {
      const change = { place: inOrder.place, before: cursor, after: turn.after };
      const stored = await keep(earlyOf(subject), change, ports);
      if (stored === 'overtaken') return 'overtaken';
      return { outcome: stored === 'stored' ? { status: 'early' } : taken(inOrder) };
    }
  }
}

async function handleNext(subject: Subject, turn: OpenTurn, ports: TakePorts): Promise<Taken> {
  const outcome = await tryToPerform(subject, turn, ports);
  const { status } = outcome;
  if (status === 'duplicate') {
    return { outcome, cursor: await readCursor(subject.inOrder.place, ports.commit) };
  }
  const hasMoved = status === 'handled' || status === 'passed' || status === 'skipped';
  return hasMoved ? { outcome, cursor: turn.cursor() } : { outcome };
}

async function tryToPerform(
  subject: Subject,
  turn: OpenTurn,
  { perform }: TakePorts,
): Promise<Outcome | Rejected> {
  try {
    return await perform(subject, turn);
  } catch (error) {
    if (OutboxError.is(error, 'SEQUENCE_TAKEN')) return taken(subject.inOrder);
    throw error;
  }
}

function missed({ place, arriving }: InOrder): Rejected {
  return rejected(
    'REPLAY_MISSED',
    `replay ${arriving.replayId ?? ''} of ${place.aggregate} did not wait any longer for sequence ${arriving.sequence} and has handled later ones: replay the aggregate again`,
  );
}

function taken({ place, arriving }: InOrder): Rejected {
  const { code, message } = sequenceTaken(place, arriving.sequence);
  return rejected(code, message);
}

/** A message that came early. */
interface Early {
  readonly message: Message;
  /** Its group in the queue, where it had one. */
  readonly group: string | undefined;
  readonly inOrder: InOrder;
}

interface KeepPorts extends TurnPorts {
  readonly putBack: PutBack;
}

/** How long a message that is not kept goes round the queue before it is looked at again. */
const roundSeconds = 60;

/**
 * Keeps a message that came early, in the inbox's table. The queue may forget it then.
 *
 * A replayed copy of what waits does not take its place: its handler has not seen it yet.
 *
 * One that does not fit into a row (400 KB) is only noted there. It goes round the queue instead: it is put back with
 * a delay of a minute until its turn has come, each time as a new message, so that no receive counts.
 *
 * @throws OutboxError `MESSAGE_TOO_LARGE` for such a message of a FIFO queue, which delays none: the queue's own
 * retries and dead-letter rules apply to it
 */
async function keep(
  { message, group, inOrder }: Early,
  change: CursorChange,
  ports: KeepPorts,
): Promise<Stored> {
  const { sequence, eventId } = inOrder.arriving;
  const storedAt = ports.commit.clock.now();
  const noted: Buffered = { sequence, eventId, ...definedOnly({ group }), storedAt };
  const buffered = { ...noted, message: messageToText(message) };
  if (await isReplayOfWaiting(inOrder, ports)) return store(change, undefined, ports.commit);
  const bytes = itemBytes(bufferedToRow(inOrder.place, buffered));
  if (bytes <= limits.table.maxItemBytes) return store(change, buffered, ports.commit);
  if (inOrder.isFifo) throw tooLarge(eventId, bytes);
  const stored = await store(change, noted, ports.commit);
  if (stored === 'stored') await requeueWithDelay({ message, group, inOrder }, roundSeconds, ports);
  return stored;
}

async function isReplayOfWaiting(
  { place, arriving }: InOrder,
  { commit }: KeepPorts,
): Promise<boolean> {
  if (arriving.replayId === undefined) return false;
  const waiting = await readBuffered(place, arriving.sequence, commit);
  // One that goes round the queue is only noted: this may be it.
  return waiting?.message !== undefined && waiting.eventId === arriving.eventId;
}

/**
 * Puts a message back on its queue with a delay, in place of keeping it: as a new message, so that no receive counts.
 * A FIFO queue cannot.
 */
async function requeueWithDelay(
  { message, group }: Early,
  delaySeconds: number,
  { putBack }: KeepPorts,
): Promise<void> {
  const text = messageToText(message);
  await putBack({ message: text, ...definedOnly({ group }) }, delaySeconds);
}

function tooLarge(eventId: string, bytes: number): OutboxError {
  const limit = limits.table.maxItemBytes;
  return new OutboxError(
    'MESSAGE_TOO_LARGE',
    `message ${eventId} came before its turn and has ${bytes} bytes, a row that keeps it at most ${limit}: it is given back to the queue. ` +
      'Keep large data in S3 and its place in the event',
    { details: { eventId, bytes, limit } },
  );
}

/** What going on with waiting messages needs of the invocation. */
interface GoOnPorts extends TakePorts, TimePorts {
  /** Told of waiting messages that were handled along, or failed. */
  readonly observe: (delivery: Delivery, outcome: Outcome) => void;
}

/**
 * Goes on from a cursor with what waits next, as long as there is something and the invocation has time. Each has the
 * time of a message to itself; one that timed out is put back on the queue, as one that failed.
 */
async function goOn(cursor: Cursor, subject: Subject, ports: GoOnPorts): Promise<void> {
  let current: Cursor | undefined = cursor;
  while (current !== undefined) current = await handleNextBuffered(current, subject, ports);
}

/** Returns the cursor to go on from; `undefined` where nothing is left to do here. */
async function handleNextBuffered(
  cursor: Cursor,
  subject: Subject,
  ports: GoOnPorts,
): Promise<Cursor | undefined> {
  const next = await nextOf(cursor, subject.inOrder, ports);
  if (next === undefined) return undefined;
  // A redelivery does not try: the run before may have crashed on it, and its receives are to be its own.
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

/** Whether another worker is handling the message, or it was buffered again. */
function isElsewhere(taken: Taken | undefined): boolean {
  const status = taken?.outcome.status;
  return status === 'in-progress' || status === 'early';
}

/** What telling of duplicates takes. */
export interface RepeatPorts {
  readonly subscriptions: Subscriptions;
  readonly commit: MarkerPorts;
}

/**
 * What is done for a message that the cursor is beyond: a handler under a lease is told of it, with what it answered
 * before, as long as that is remembered. Nothing where it was passed over.
 */
export async function repeat(
  message: Message,
  { subscriptions, commit }: RepeatPorts,
): Promise<Outcome> {
  const duplicate = { status: 'duplicate' } as const;
  const subscription = subscriptions.get(message.type);
  if (subscription?.idempotency !== 'lease' || subscription.onDuplicate === undefined)
    return duplicate;
  const { definition, onDuplicate } = subscription;
  const reading = await readData(message, definition);
  if (reading.status !== 'read') return duplicate;
  const again = toInboxMessage(message, reading.data, definition.version);
  const memory = await recall(handledBy(commit.config.name, again), commit);
  if (memory === undefined) return duplicate;
  const result = textToResult(memory.result);
  await withContext(contextCausedBy(again), async () => onDuplicate(again, result));
  return duplicate;
}
