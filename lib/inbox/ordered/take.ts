import { OutboxError } from '../../core/errors.ts';
import type { Cursor } from '../../table/ordered.ts';
import type { Message } from '../../table/message.ts';
import { backoffMs, type Backoff } from '../../core/retry.ts';
import type { Deadline } from '../deadline.ts';
import { rejected, type Delivery, type Outcome, type Rejected } from '../delivery.ts';
import { readCursor } from './history.ts';
import { goRound, keep, roundSeconds, type Early, type KeepPorts } from './keep.ts';
import { decide, openTurn, type InOrder, type OpenTurn } from './open-turn.ts';
import { sequenceTaken } from './sequence-taken.ts';

/** What taking messages in turn needs of the invocation. */
export interface TakePorts extends KeepPorts {
  /** Handles a message whose turn it is. */
  readonly perform: (subject: Subject, turn: OpenTurn) => Promise<Outcome | Rejected>;
  /** Does what there is to do for a message that the cursor is beyond. */
  readonly repeat: (message: Message) => Promise<Outcome>;
}

/** A message that is to be handled in its turn. */
export interface Subject {
  readonly delivery: Delivery;
  readonly message: Message;
  readonly inOrder: InOrder;
  /** The time that it has. */
  readonly deadline: Deadline;
}

/** What became of a message; and where the cursor is, if it is known to be beyond the message. */
export interface Taken {
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
export async function take(subject: Subject, ports: TakePorts, known?: Cursor): Promise<Taken> {
  const { place } = subject.inOrder;
  let cursor = known ?? (await readCursor(place, ports.commit));
  for (let tried = 1; tried <= maxTries; tried++) {
    const taken = await tryToTake(subject, cursor, ports);
    if (taken !== 'overtaken') return taken;
    const { clock, random } = ports.commit;
    await clock.sleep(backoffMs(tried, backoff, random));
    cursor = await readCursor(place, ports.commit);
  }
  return { outcome: await comeLater(subject, ports) };
}

async function comeLater(subject: Subject, ports: TakePorts): Promise<Outcome> {
  if (subject.inOrder.isFifo) return { status: 'in-hand' };
  await goRound(earlyOf(subject), roundSeconds, ports);
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
      await goRound(earlyOf(subject), waitSeconds(ports), ports);
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
