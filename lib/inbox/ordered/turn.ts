import { definedOnly } from '../../core/collections.ts';
import type { OrderedConfig } from '../../core/environment.ts';
import { OutboxError } from '../../core/errors.ts';
import type { Handled } from '../../table/inbox.ts';
import type { Cursor, Place } from '../../table/ordered.ts';
import {
  bothGuards,
  commitOnce,
  isRemembered,
  markerGuard,
  nothing,
  type CommitPorts,
  type HandleResult,
  type Guard,
} from '../transaction.ts';
import {
  adopted,
  adoptingAt,
  moved,
  reachedBy,
  rewound,
  withEarly,
  type Arriving,
} from './cursor.ts';
import { moveActions, readBuffered, readCursor } from './history.ts';

/** A message's place in an aggregate's history. */
export interface InOrder {
  readonly place: Place;
  readonly arriving: Arriving;
  /** Whether it came from a FIFO queue. */
  readonly isFifo: boolean;
}

/** What sequencing takes. */
export interface TurnPorts {
  readonly commit: CommitPorts;
  readonly ordered: OrderedConfig;
}

/** The cursor, the message that waited, the gap, and the row that also remembers the message: a lease, or a replay. */
const mostActions = 4;

/** A message's turn, until another worker moves the cursor. */
export interface OpenTurn {
  /** Moves the cursor together with the message's effects. */
  readonly guard: Guard;
  /** Moves the cursor without effects: there is nothing to do for the message, or it was done. */
  readonly pass: () => Promise<HandleResult>;
  /** The cursor once the message is done. */
  readonly cursor: () => Cursor;
}

/**
 * Whether it is a message's turn, from a cursor that was read before.
 *
 * A replayed message is looked up, after the cursor: what moved the cursor beyond it is remembered by then. Costs a
 * read unit.
 */
export async function decide(cursor: Cursor, inOrder: InOrder, ports: TurnPorts): Promise<Turn> {
  const { arriving, isFifo } = inOrder;
  const policy: Policy = { ...ports.ordered, now: ports.commit.clock.now(), isFifo };
  if (arriving.replayId === undefined) return turnOf(cursor, arriving, policy);
  const isKnown = await isRemembered(handledIn(inOrder), ports.commit);
  return turnOf(cursor, { ...arriving, isRemembered: isKnown }, policy);
}

export function openTurn(
  inOrder: InOrder,
  change: { before: Cursor; after: Cursor },
  ports: TurnPorts,
): OpenTurn {
  const { place, arriving } = inOrder;
  let latest = change.after;
  const guardOf = ({ before, after }: { before: Cursor; after: Cursor }): Guard => ({
    room: mostActions,
    actions: moveActions({ place, before, after }, arriving, ports.commit),
    judge: async () => {
      const cursor = await readCursor(place, ports.commit);
      if (cursor.version === before.version) {
        await checkNotTaken(inOrder, before, ports);
        return { status: 'blocksLane' };
      }
      const turn = await decide(cursor, inOrder, ports);
      if (turn.status === 'old') return { status: 'duplicate' };
      if (turn.status !== 'next') return { status: 'in-progress' };
      // Another message was stored meanwhile, no more: it is this one's turn as before.
      latest = turn.after;
      return { status: 'renewed', guard: guardOf({ before: cursor, after: turn.after }) };
    },
  });
  const guard = guardOf(change);
  return {
    guard,
    pass: () => passOn(guard, inOrder, ports),
    cursor: () => latest,
  };
}

/** Of two events with one sequence the one that waits came first. */
async function checkNotTaken(
  { place, arriving }: InOrder,
  { early = 0 }: Cursor,
  { commit }: TurnPorts,
): Promise<void> {
  const { sequence, eventId } = arriving;
  if (sequence > early) return;
  const waiting = await readBuffered(place, sequence, commit);
  if (waiting === undefined || waiting.eventId === eventId) return;
  throw sequenceTaken(place, sequence);
}

/** A replayed message is remembered as well, unless it is already. */
async function passOn(turn: Guard, inOrder: InOrder, { commit }: TurnPorts): Promise<HandleResult> {
  const handled = handledIn(inOrder);
  const effects = { handled, collected: nothing };
  const alone = (): Promise<HandleResult> => commitOnce(turn, effects, commit);
  if (inOrder.arriving.replayId === undefined) return alone();
  const ending = await commitOnce(bothGuards(markerGuard(handled, commit), turn), effects, commit);
  return ending === 'duplicate' ? alone() : ending;
}

function handledIn({ place: { inbox }, arriving: { eventId, replayId } }: InOrder): Handled {
  return { inbox, eventId, ...definedOnly({ replayId }) };
}

/** Why an event is refused whose sequence another one has: `SEQUENCE_TAKEN`. */
export function sequenceTaken({ aggregate }: Place, sequence: number): OutboxError {
  return new OutboxError(
    'SEQUENCE_TAKEN',
    `another event of ${aggregate} has sequence ${sequence}: every sequence must have exactly one event, fix the code that writes them`,
    { details: { aggregate, sequence } },
  );
}

/** What decides where an aggregate's history begins for an inbox. */
export interface Policy {
  /** Epoch milliseconds, as `adoptUntil`. */
  readonly now: number;
  /** Until then an aggregate may begin in the middle. @default - each begins with 1 */
  readonly adoptUntil?: number | undefined;
  /** How long an earlier message is waited for before the first is taken for the beginning. */
  readonly adoptWaitMs: number;
  /** How long a replay that does not move keeps another one waiting. */
  readonly replayWaitMs: number;
  /** Whether the queue keeps an aggregate's order: then what comes first is the first. */
  readonly isFifo: boolean;
}

/** Whether it is a message's turn. */
export type Turn =
  /** It was handled, or passed, before. */
  | { readonly status: 'old' }
  /** Another event was handled with its sequence. */
  | { readonly status: 'taken' }
  /** Its replay went on without it, since it did not come: it would be handled after later ones. */
  | { readonly status: 'missed' }
  /** Another replay of the aggregate is running: the message goes back to the queue until that is done. */
  | { readonly status: 'waits' }
  /** `after`: the cursor when it is handled. */
  | { readonly status: 'next'; readonly after: Cursor }
  /** `after`: the cursor when it waits in the buffer. */
  | { readonly status: 'early'; readonly after: Cursor };

/**
 * Whether it is a message's turn, from where the cursor is.
 *
 * A message of a replay that was handled before, live or in another replay, rewinds the cursor: the history is gone
 * through again, from the first of it that comes, each sequence once. What is new waits in the buffer meanwhile.
 *
 * One replay of an aggregate runs at a time. The messages of another one wait in the queue until the running one has
 * come as far as the cursor had been, or has not moved for `replayWaitMs`. Then the other one rewinds the cursor.
 * What the first one left in the buffer is handled in its place; what it brings later waits in turn.
 *
 * Limit: on a FIFO queue nothing waits in the queue, which would hold up its group. Two replays take turns there,
 * each in its own order.
 */
export function turnOf(cursor: Cursor, arriving: Arriving, policy: Policy): Turn {
  if (isPast(cursor, arriving)) return { status: pastOf(cursor, arriving) };
  if (waitsForReplay(cursor, arriving, policy)) return { status: 'waits' };
  const ready = begun(cursor, arriving, policy);
  const isNext = arriving.sequence === (ready.sequence ?? 0) + 1;
  return isNext
    ? { status: 'next', after: moved(ready, arriving, policy.now) }
    : { status: 'early', after: withEarly(ready, arriving, policy.now) };
}

function isPast(cursor: Cursor, { sequence, replayId, isRemembered }: Arriving): boolean {
  if (replayId === undefined) return sequence <= reachedBy(cursor);
  if (isRemembered === true) return true;
  return cursor.replay?.id === replayId && sequence <= (cursor.replay.sequence ?? 0);
}

function pastOf(cursor: Cursor, arriving: Arriving): 'old' | 'taken' | 'missed' {
  if (isTaken(cursor, arriving)) return 'taken';
  const { replayId, isRemembered } = arriving;
  return replayId === undefined || isRemembered === true ? 'old' : 'missed';
}

function waitsForReplay(
  cursor: Cursor,
  arriving: Arriving,
  { now, replayWaitMs, isFifo }: Policy,
): boolean {
  if (isFifo || arriving.isKept === true || !isOfAnotherReplay(cursor, arriving)) return false;
  return now - (cursor.movedAt ?? 0) < replayWaitMs;
}

/** Whether a replay runs, and a message comes of another one. */
function isOfAnotherReplay({ replay }: Cursor, { replayId }: Arriving): boolean {
  return replayId !== undefined && replay?.reached !== undefined && replay.id !== replayId;
}

/** Only of the last event is it known which it was. */
function isTaken(cursor: Cursor, { sequence, eventId }: Arriving): boolean {
  return sequence === cursor.sequence && eventId !== (cursor.eventId ?? eventId);
}

/** The cursor with its place in the history that a message belongs to, or with none where that is to be found. */
function begun(cursor: Cursor, arriving: Arriving, policy: Policy): Cursor {
  const { replayId } = arriving;
  if (replayId !== undefined && goesBack(cursor, arriving, policy)) {
    return begin(rewound(cursor, replayId, policy.now), arriving, policy);
  }
  const isUnplaced = cursor.sequence === undefined && cursor.adoptAt === undefined;
  const mayAdopt = policy.now < (policy.adoptUntil ?? 0);
  return isUnplaced && mayAdopt ? begin(cursor, arriving, policy) : cursor;
}

/** Whether a replayed message was handled before, and is not what the cursor is going through again just now. */
function goesBack(cursor: Cursor, arriving: Arriving, { isFifo }: Policy): boolean {
  const { sequence, isKept = false } = arriving;
  if (sequence > reachedBy(cursor)) return false;
  if (!isFifo && !isKept && isOfAnotherReplay(cursor, arriving)) return true;
  const isGoingOn = cursor.replay?.reached !== undefined;
  return !(isGoingOn && sequence > (cursor.sequence ?? 0));
}

function begin(cursor: Cursor, { sequence }: Arriving, policy: Policy): Cursor {
  if (!policy.isFifo) return adoptingAt(cursor, policy.now + policy.adoptWaitMs);
  // What came while nothing might be adopted waits from before this one.
  const { first = sequence } = cursor;
  return adopted(cursor, Math.min(first, sequence), policy.now);
}
