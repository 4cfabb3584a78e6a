import { newGap, type Cursor } from '../../table/ordered.ts';
import { definedOnly } from '../../core/collections.ts';

/** An event of an aggregate's history, as it arrives. */
export interface Arriving {
  readonly sequence: number;
  readonly eventId: string;
  /** The replay that it comes of. */
  readonly replayId?: string;
  /** Whether it is remembered to have been handled in that replay. */
  readonly isRemembered?: boolean;
  /** Whether it is taken from the buffer. */
  readonly isKept?: boolean;
}

/** All up to this sequence were handled or passed once, regardless of a running replay. */
export function reachedBy({ replay, sequence = 0 }: Cursor): number {
  return replay?.reached ?? sequence;
}

/** The cursor with `sequence` as the last that was handled. What waits up to it is taken out of the buffer. */
export function moved(
  cursor: Cursor,
  { sequence, eventId, replayId, isKept = false }: Arriving,
  now: number,
): Cursor {
  const { replay } = cursor;
  // What one replay left in the buffer does not end another one that runs.
  const isLeftOver = isKept && replay?.reached !== undefined && replay.id !== replayId;
  const isReplayed = replayId !== undefined && !isLeftOver;
  const position = isReplayed ? { ...replay, id: replayId, sequence } : replay;
  return passed({ ...cursor, ...definedOnly({ replay: position }) }, { sequence, eventId, now });
}

/** The cursor as it is when a message waits in the buffer. */
export function withEarly(cursor: Cursor, { sequence, eventId }: Arriving, now: number): Cursor {
  const { early = 0, first = Infinity, gap = newGap(now, eventId) } = cursor;
  return {
    ...cursor,
    version: cursor.version + 1,
    early: Math.max(early, sequence),
    gap,
    ...(cursor.sequence === undefined ? { first: Math.min(first, sequence) } : {}),
  };
}

/** The cursor with no place: the lowest sequence that waits at `adoptAt` becomes the first. */
export function adoptingAt(cursor: Cursor, adoptAt: number): Cursor {
  return { ...cursor, adoptAt };
}

/** The cursor that found its place: before the lowest sequence that waits. */
export function adopted(cursor: Cursor, first: number, now: number): Cursor {
  return passed(cursor, { sequence: first - 1, now });
}

/** The cursor that goes through a history again, as far as it had come before; it is to find where that begins. */
export function rewound(cursor: Cursor, replayId: string, now: number): Cursor {
  const before = cursor.replay?.id === replayId ? cursor.replay : {};
  const replay = { ...before, id: replayId, reached: reachedBy(cursor) };
  // What waits already is not passed over, where the other history begins beyond it.
  const { early, first, sequence = 0 } = cursor;
  const noPlace = {
    first: first ?? (early === undefined ? undefined : sequence + 1),
    sequence: undefined,
    eventId: undefined,
    putBack: undefined,
    putBackAt: undefined,
  };
  return definedOnly({ ...cursor, ...noPlace, movedAt: now, replay });
}

/** The cursor beyond what was waited for in vain: what a replay did not bring up to `sequence`. */
export function beyondHole(cursor: Cursor, sequence: number, now: number): Cursor {
  const after = passed(cursor, { sequence, now });
  return after.replay === undefined
    ? after
    : { ...after, replay: { ...after.replay, hasHoles: true } };
}

/** The cursor whose next message was put back on the queue. */
export function withPutBack(cursor: Cursor, putBack: number, now: number): Cursor {
  return { ...cursor, version: cursor.version + 1, putBack, putBackAt: now };
}

/** The cursor beyond everything up to `sequence`, which leaves nothing to handle there. */
export function passed(
  cursor: Cursor,
  { sequence, eventId, now }: { sequence: number; eventId?: string; now: number },
): Cursor {
  const { version, early = 0, gap, replay } = cursor;
  const { reached = 0, ...position } = replay ?? {};
  const isCaughtUp = sequence >= reached;
  return {
    version: version + 1,
    sequence,
    movedAt: now,
    ...definedOnly({ eventId }),
    ...(early > sequence ? definedOnly({ early, gap }) : {}),
    ...(replay === undefined
      ? {}
      : { replay: isCaughtUp ? { ...position, id: replay.id } : replay }),
  };
}
