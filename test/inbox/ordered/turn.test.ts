import { describe, expect, test } from 'vitest';

import type { Cursor } from '../../../lib/table/ordered.ts';
import type { Arriving } from '../../../lib/inbox/ordered/cursor.ts';
import { turnOf, type Policy, type Turn } from '../../../lib/inbox/ordered/turn.ts';

const now = 1_000_000;
const policy: Policy = { now, adoptWaitMs: 60_000, replayWaitMs: 900_000, isFifo: false };
const adopting: Policy = { ...policy, adoptUntil: now + 1 };
const fresh: Cursor = { version: 0 };
const at = (sequence: number, over: Partial<Cursor> = {}): Cursor => ({
  version: 7,
  sequence,
  eventId: `e${sequence}`,
  movedAt: 1,
  ...over,
});
const event = (sequence: number, replayId?: string): Arriving => ({
  sequence,
  eventId: `e${sequence}`,
  ...(replayId === undefined ? {} : { replayId }),
});

/** One that was handled in its replay. */
const again = (sequence: number, replayId: string): Arriving => ({
  ...event(sequence, replayId),
  isRemembered: true,
});

/** The cursor after a message that must have been taken or kept. */
function after(turn: Turn): Cursor {
  if (!('after' in turn)) throw new Error(`it was ${turn.status}`);
  return turn.after;
}

/** Handles events that must be next, one after the other. */
function handleAll(cursor: Cursor, events: readonly Arriving[]): Cursor {
  return events.reduce((before, one) => {
    const turn = turnOf(before, one, policy);
    expect([one.sequence, turn.status]).toEqual([one.sequence, 'next']);
    return after(turn);
  }, cursor);
}

describe('in an aggregate’s history', () => {
  test.each<{ what: string; cursor: Cursor; sequence: number; status: Turn['status'] }>([
    { what: 'the first is the next', cursor: fresh, sequence: 1, status: 'next' },
    { what: 'the second of a new one is early', cursor: fresh, sequence: 2, status: 'early' },
    { what: 'the one after the last is the next', cursor: at(4), sequence: 5, status: 'next' },
    { what: 'one beyond is early', cursor: at(4), sequence: 6, status: 'early' },
    { what: 'the last again is old', cursor: at(4), sequence: 4, status: 'old' },
    { what: 'one before is old', cursor: at(4), sequence: 1, status: 'old' },
  ])('$what', ({ cursor, sequence, status }) => {
    expect(turnOf(cursor, event(sequence), policy).status).toBe(status);
  });

  test('the cursor moves to what is handled', () => {
    expect(after(turnOf(at(4), event(5), policy))).toEqual({
      version: 8,
      sequence: 5,
      eventId: 'e5',
      movedAt: now,
    });
  });

  test('the cursor notes that something waits, until that is handled', () => {
    const waiting = after(turnOf(at(4), event(7), policy));
    const nearer = after(turnOf(waiting, event(6), policy));

    expect(waiting).toMatchObject({ sequence: 4, early: 7 });
    expect(waiting.gap).toMatch(/#e7$/);
    expect(nearer).toMatchObject({ sequence: 4, early: 7, gap: waiting.gap });
    expect(handleAll(nearer, [event(5), event(6)])).toMatchObject({ early: 7, gap: waiting.gap });
    const done = handleAll(nearer, [event(5), event(6), event(7)]);
    expect(done).not.toHaveProperty('early');
    expect(done).not.toHaveProperty('gap');
  });

  test('another event with the sequence of the last one is told from a duplicate', () => {
    const other = { ...event(4), eventId: 'another' };

    expect(turnOf(at(4), other, policy).status).toBe('taken');
  });
});

describe('an aggregate that begins in the middle', () => {
  test('waits for earlier events, with the lowest as its beginning', () => {
    const first = after(turnOf(fresh, event(57), adopting));
    const second = after(turnOf(first, event(55), { ...adopting, now: now + 5 }));

    expect(first).toMatchObject({ adoptAt: now + 60_000, first: 57, early: 57 });
    expect(second).toMatchObject({ adoptAt: now + 60_000, first: 55, early: 57 });
    expect(second).not.toHaveProperty('sequence');
  });

  test('has its very first event handled at once', () => {
    const waiting = after(turnOf(fresh, event(3), adopting));

    const begun = after(turnOf(waiting, event(1), adopting));

    expect(begun).toMatchObject({ sequence: 1, early: 3 });
    expect(begun).not.toHaveProperty('adoptAt');
  });

  test('does not after the end date', () => {
    expect(after(turnOf(fresh, event(57), { ...adopting, adoptUntil: now }))).not.toHaveProperty(
      'adoptAt',
    );
  });

  test('begins with what comes first where the queue keeps order', () => {
    const turn = turnOf(fresh, event(57), { ...adopting, isFifo: true });

    expect(turn).toMatchObject({ status: 'next', after: { sequence: 57 } });
  });

  test('begins with what waits from before it was to be adopted, also where the queue keeps order', () => {
    const fifo = { ...policy, isFifo: true };
    const waiting = after(turnOf(fresh, event(57), fifo));

    const turn = turnOf(waiting, event(59), { ...adopting, isFifo: true });

    expect(turn).toMatchObject({ status: 'early', after: { sequence: 56, early: 59 } });
  });
});

describe('a replay', () => {
  const live = at(10);

  test('of what was handled rewinds the cursor, and keeps how far it had come', () => {
    const turn = turnOf(live, event(5, 'r'), policy);

    expect(turn).toMatchObject({
      status: 'early',
      after: { first: 5, early: 5, adoptAt: now + 60_000, replay: { id: 'r', reached: 10 } },
    });
    expect(after(turn)).not.toHaveProperty('sequence');
  });

  test('from the very first event begins at once', () => {
    expect(turnOf(live, event(1, 'r'), policy)).toMatchObject({
      status: 'next',
      after: { sequence: 1, replay: { id: 'r', sequence: 1, reached: 10 } },
    });
  });

  test('is handled in sequence, each once', () => {
    const going = handleAll(live, [event(1, 'r'), event(2, 'r')]);

    expect(turnOf(going, again(2, 'r'), policy).status).toBe('old');
    expect(turnOf(going, event(4, 'r'), policy).status).toBe('early');
    expect(turnOf(going, event(3, 'r'), policy).status).toBe('next');
  });

  test('has new events wait, and old ones stay duplicates, until it has come so far', () => {
    const going = handleAll(at(3), [event(1, 'r')]);

    expect(turnOf(going, event(2), policy).status).toBe('old');
    expect(turnOf(going, event(4), policy).status).toBe('early');
    const through = handleAll(going, [event(2, 'r'), event(3, 'r')]);
    expect(through.replay).toEqual({ id: 'r', sequence: 3 });
    expect(turnOf(through, event(4), policy).status).toBe('next');
  });

  test('whose messages come again after it has ended is old', () => {
    const through = handleAll(at(2), [event(1, 'r'), event(2, 'r'), event(3)]);

    expect(turnOf(through, again(2, 'r'), policy).status).toBe('old');
  });

  test('that comes a second time under another id rewinds again', () => {
    const through = handleAll(at(2), [event(1, 'r'), event(2, 'r')]);

    expect(turnOf(through, event(1, 's'), policy)).toMatchObject({
      status: 'next',
      after: { sequence: 1, replay: { id: 's', reached: 2 } },
    });
  });

  test('does not rewind for a message that it was handled of, though another replay came since', () => {
    const through = handleAll(at(2), [event(1, 'r'), event(2, 'r'), event(1, 's')]);

    expect(turnOf(through, again(1, 'r'), policy).status).toBe('old');
  });

  test('has another replay of the aggregate wait in the queue until it is done', () => {
    const going = handleAll(at(2), [event(1, 'r')]);
    const through = handleAll(going, [event(2, 'r')]);

    expect([1, 2, 3].map((sequence) => turnOf(going, event(sequence, 's'), policy).status)).toEqual(
      ['waits', 'waits', 'waits'],
    );
    expect(turnOf(through, event(1, 's'), policy).status).toBe('next');
  });

  test('gives way to another one that has waited for long enough, from where that one begins', () => {
    const going = handleAll(at(4), [event(1, 'r'), event(2, 'r')]);
    const later = { ...policy, now: now + 900_000 };

    expect(turnOf(going, event(3, 's'), later)).toMatchObject({
      status: 'early',
      after: { first: 3, movedAt: later.now, replay: { id: 's', reached: 4 } },
    });
  });

  test('that takes over passes over nothing that waits from before its beginning', () => {
    const going = after(turnOf(handleAll(at(9), [event(1, 'r')]), event(4, 'r'), policy));
    const later = { ...policy, now: now + 900_000 };

    expect(turnOf(going, event(6, 's'), later)).toMatchObject({
      status: 'early',
      after: { first: 2, early: 6 },
    });
  });

  test('handles what another replay left in the buffer, and runs on', () => {
    const going = handleAll(at(4), [event(1, 's')]);

    expect(turnOf(going, { ...event(2, 'r'), isKept: true }, policy)).toMatchObject({
      status: 'next',
      after: { sequence: 2, replay: { id: 's', sequence: 1, reached: 4 } },
    });
  });

  test('takes turns with another one on a FIFO queue, where nothing goes round', () => {
    const fifo = { ...policy, isFifo: true };
    const going = after(turnOf(at(4), event(1, 'r'), fifo));

    expect(turnOf(going, event(3, 's'), fifo)).toMatchObject({
      status: 'early',
      after: { sequence: 1, early: 3, replay: { id: 'r', reached: 4 } },
    });
  });

  test('brings a consumer that joined late what it lacks, without rewinding', () => {
    const waiting = after(turnOf(fresh, event(3), policy));

    const joined = handleAll(waiting, [event(1, 'r'), event(2, 'r')]);

    expect(joined).toMatchObject({ sequence: 2, early: 3, replay: { id: 'r', sequence: 2 } });
    expect(turnOf(joined, again(1, 'r'), policy).status).toBe('old');
  });

  test('begins with what comes first where the queue keeps order', () => {
    expect(turnOf(live, event(5, 'r'), { ...policy, isFifo: true })).toMatchObject({
      status: 'next',
      after: { sequence: 5, replay: { id: 'r', sequence: 5, reached: 10 } },
    });
  });

  test('of which one comes after later ones were handled has missed it', () => {
    const going: Cursor = at(6, { replay: { id: 'r', sequence: 6, reached: 10, hasHoles: true } });

    expect(turnOf(going, event(4, 'r'), policy).status).toBe('missed');
  });

  test('of which one comes after its hole was passed over, before later ones, is handled after all', () => {
    const going: Cursor = at(6, { replay: { id: 'r', sequence: 3, reached: 10 } });

    expect(turnOf(going, event(4, 'r'), policy)).toMatchObject({
      status: 'early',
      after: { first: 4, replay: { reached: 10 } },
    });
  });
});
