import type { OrderedConfig } from '../../../contract/environment.ts';
import type { Cursor, Place } from '../../../contract/inbox-order.ts';
import type { Handled } from '../../../contract/inbox-rows.ts';
import { nothing } from '../collect.ts';
import { commitOnce, type CommitPorts } from '../commit-once.ts';
import type { Guard } from '../guard.ts';
import type { Ending } from '../way.ts';
import type { Arriving } from './cursor.ts';
import { moveActions, readCursor } from './history.ts';
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

/** A message's turn, as long as nobody else moves the cursor. */
export interface OpenTurn {
  /** Moves the cursor together with the message's effects. */
  readonly guard: Guard;
  /** Moves the cursor alone: there is nothing to do for the message. */
  readonly pass: () => Promise<Ending>;
  /** The cursor once the message is done. */
  readonly cursor: () => Cursor;
}

export function decide(cursor: Cursor, { arriving, isFifo }: InOrder, ports: TurnPorts): Turn {
  const { adoptUntil, adoptWaitMs } = ports.ordered;
  const policy: Policy = { now: ports.commit.clock.now(), adoptUntil, adoptWaitMs, isFifo };
  return turnOf(cursor, arriving, policy);
}

export function openTurn(
  inOrder: InOrder,
  change: { before: Cursor; after: Cursor },
  ports: TurnPorts,
): OpenTurn {
  const { place, arriving } = inOrder;
  let latest = change.after;
  const guardOf = ({ before, after }: { before: Cursor; after: Cursor }): Guard => ({
    actions: moveActions({ place, before, after }, arriving.sequence, ports.commit),
    judge: async () => {
      const cursor = await readCursor(place, ports.commit);
      if (cursor.version === before.version) return { status: 'holds' };
      const turn = decide(cursor, inOrder, ports);
      if (turn.status === 'old') return { status: 'duplicate' };
      if (turn.status !== 'next') return { status: 'given-back' };
      // Another message was stored meanwhile, no more: it is this one's turn as before.
      latest = turn.after;
      return { status: 'renewed', guard: guardOf({ before: cursor, after: turn.after }) };
    },
  });
  const guard = guardOf(change);
  const handled: Handled = { inbox: place.inbox, eventId: arriving.eventId };
  return {
    guard,
    pass: () => commitOnce(guard, { handled, collected: nothing }, ports.commit),
    cursor: () => latest,
  };
}
