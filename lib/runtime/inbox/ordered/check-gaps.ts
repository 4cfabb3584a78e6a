import type { Cursor, Gap, Place } from '../../../contract/inbox-order.ts';
import type { Log } from '../../ports.ts';
import { errorFields } from '../log.ts';
import { adopted, passed, withReleased } from './cursor.ts';
import { ageOf, listGaps, readWaiting, type GapPorts } from './gaps.ts';
import { changeCursor, readBuffered, readCursor } from './history.ts';
import type { PutBack } from './put-back.ts';

/** What checking gaps takes. */
export interface CheckPorts extends GapPorts {
  readonly putBack: PutBack;
  readonly log: Log;
}

/** What a check found. */
export interface GapReport {
  /** Aggregates of which messages wait; no more are counted than are looked at. */
  readonly open: number;
  /** How long the one that stands still for longest has done so, in milliseconds; 0 where none does. */
  readonly oldestMs: number;
  /** Gaps that could not be looked at. */
  readonly failed: number;
}

export const checkDefaults = {
  /** Gaps that are looked at in each of 8 partitions: those open for longest. */
  maxGapsPerPartition: 500,
  /** How long a cursor is left to the worker that moved it. */
  idleMs: 30_000,
  /** How long a replay is waited for, where the next of its messages does not come. */
  replayPatienceMs: 10 * 60_000,
} as const;

const lookedAtOnce = 10;

/**
 * Looks at the gaps of an ordered inbox, and does what time asks for: an aggregate that begins in the middle begins
 * when earlier events were waited for long enough; a replay that does not go on is left; a message that a worker
 * should have put back on the queue before it died is put back.
 *
 * Reads one row for each gap, and only the list where there is none. Never scans.
 */
export async function checkGaps(ports: CheckPorts): Promise<GapReport> {
  const gaps = await listGaps(checkDefaults.maxGapsPerPartition, ports);
  const checks: Checked[] = [];
  const waiting = gaps.values();
  const work = async (): Promise<void> => {
    for (const gap of waiting) checks.push(await tryToCheck(gap, ports));
  };
  await Promise.all(Array.from({ length: lookedAtOnce }, work));
  const open = checks.filter(({ status }) => status !== 'closed');
  return {
    open: open.length,
    oldestMs: Math.max(0, ...open.map(({ ageMs }) => ageMs)),
    failed: open.filter(({ status }) => status === 'failed').length,
  };
}

interface Checked {
  readonly status: 'open' | 'closed' | 'failed';
  readonly ageMs: number;
}

const closed: Checked = { status: 'closed', ageMs: 0 };

/** One gap that cannot be looked at keeps no other from it, and is as old as the list says. */
async function tryToCheck(gap: Gap, ports: CheckPorts): Promise<Checked> {
  try {
    return await checkGap(gap, ports);
  } catch (error) {
    ports.log.error('gap not checked', { aggregate: gap.aggregate, ...errorFields(error) });
    return { status: 'failed', ageMs: ports.clock.now() - gap.since };
  }
}

async function checkGap(gap: Gap, ports: CheckPorts): Promise<Checked> {
  const place = { inbox: ports.config.name, aggregate: gap.aggregate };
  const found = await readCursor(place, ports);
  // The list may be a moment behind.
  if (found.gap !== gap.key.sk) return closed;
  const cursor = await moveOn(place, found, ports);
  await releaseNext(place, cursor, ports);
  if (cursor.gap === undefined) return closed;
  return { status: 'open', ageMs: ageOf(gap, cursor, ports.clock.now()) };
}

/** Moves a cursor where it is time to; who overtakes the check knows better. */
async function moveOn(place: Place, cursor: Cursor, ports: CheckPorts): Promise<Cursor> {
  const after = await dueMove(place, cursor, ports);
  if (after === undefined) return cursor;
  const result = await changeCursor({ place, before: cursor, after }, ports);
  if (result === 'overtaken') return cursor;
  const { sequence } = after;
  ports.log.info('cursor moved by the check of gaps', { ...place, sequence });
  return after;
}

/** The cursor as it is to be by now; `undefined` where it stays. */
async function dueMove(
  place: Place,
  cursor: Cursor,
  ports: CheckPorts,
): Promise<Cursor | undefined> {
  const now = ports.clock.now();
  const { adoptAt = Infinity, first, movedAt = 0 } = cursor;
  if (first !== undefined && now >= adoptAt) return adopted(cursor, first, now);
  const isPatient = now - movedAt < checkDefaults.replayPatienceMs;
  return isPatient ? undefined : beyondHole(place, cursor, ports);
}

/** In a replay whose next message does not come: to what did come of it, or to where the cursor had been before. */
async function beyondHole(
  place: Place,
  cursor: Cursor,
  ports: CheckPorts,
): Promise<Cursor | undefined> {
  const { sequence, reached } = placeInReplay(cursor);
  if (sequence >= reached) return undefined;
  const [lowest] = await readWaiting(place, { cursor, limit: 1 }, ports);
  const goal = Math.min((lowest?.sequence ?? Infinity) - 1, reached);
  return goal > sequence ? passed(cursor, { sequence: goal, now: ports.clock.now() }) : undefined;
}

function placeInReplay({ sequence = Infinity, replay }: Cursor): {
  sequence: number;
  reached: number;
} {
  return { sequence, reached: replay?.reached ?? 0 };
}

async function releaseNext(place: Place, cursor: Cursor, ports: CheckPorts): Promise<void> {
  const next = releasable(cursor, ports.clock.now());
  if (next === undefined) return;
  const buffered = await readBuffered(place, next, ports);
  if (buffered === undefined) return;
  await ports.putBack(buffered);
  await changeCursor({ place, before: cursor, after: withReleased(cursor, next) }, ports);
}

/** The next sequence, if it may wait and no worker is at it. Nobody is where the cursor was moved by hand or by time. */
function releasable(cursor: Cursor, now: number): number | undefined {
  const { sequence = Infinity, released, movedAt = 0, early = 0, eventId } = cursor;
  const next = sequence + 1;
  const isAtWork = eventId !== undefined && now - movedAt < checkDefaults.idleMs;
  return next > early || released === next || isAtWork ? undefined : next;
}
