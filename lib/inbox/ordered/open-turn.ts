import type { OrderedConfig } from '../../core/environment.ts';
import type { Cursor, Place } from '../../table/ordered.ts';
import type { Handled } from '../../table/inbox-rows.ts';
import { definedOnly } from '../../core/pick.ts';
import { nothing } from '../collect.ts';
import { commitOnce, type CommitPorts } from '../commit-once.ts';
import { bothGuards, type Guard } from '../guard.ts';
import { isRemembered, markerGuard } from '../marker.ts';
import type { Ending } from '../way.ts';
import type { Arriving } from './cursor.ts';
import { moveActions, readBuffered, readCursor } from './history.ts';
import { sequenceTaken } from './sequence-taken.ts';
import { turnOf, type Policy, type Turn } from './turn.ts';

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

/** The cursor, the message that waited, the gap, and who remembers the message beside: a lease, or a replay. */
const mostActions = 4;

/** A message's turn, as long as nobody else moves the cursor. */
export interface OpenTurn {
  /** Moves the cursor together with the message's effects. */
  readonly guard: Guard;
  /** Moves the cursor without effects: there is nothing to do for the message, or it was done. */
  readonly pass: () => Promise<Ending>;
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
        return { status: 'holds' };
      }
      const turn = await decide(cursor, inOrder, ports);
      if (turn.status === 'old') return { status: 'duplicate' };
      if (turn.status !== 'next') return { status: 'in-hand' };
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
async function passOn(turn: Guard, inOrder: InOrder, { commit }: TurnPorts): Promise<Ending> {
  const handled = handledIn(inOrder);
  const effects = { handled, collected: nothing };
  const alone = (): Promise<Ending> => commitOnce(turn, effects, commit);
  if (inOrder.arriving.replayId === undefined) return alone();
  const ending = await commitOnce(bothGuards(markerGuard(handled, commit), turn), effects, commit);
  return ending === 'duplicate' ? alone() : ending;
}

function handledIn({ place: { inbox }, arriving: { eventId, replayId } }: InOrder): Handled {
  return { inbox, eventId, ...definedOnly({ replayId }) };
}
