import { pickDefined, shardOf } from '../core/collections.ts';
import type { Row } from './entry.ts';
import {
  isEventId,
  metaKey,
  padSequence,
  pageAfter,
  pageOf,
  table,
  timeOfId,
  type Key,
  type Page,
} from './keys.ts';

/** `missed`: what the relay left behind. `closing`: once more when the stream can bring nothing any more. */
export type SweepPass = 'missed' | 'closing';

/** Who walks over the pages: the sweeper's passes, and the archiver. */
export type PageWalker = SweepPass | 'archive';

/** How far a walker has come, and in how many shards of each page it looked. */
export interface Watermark {
  /** The first page that it has not yet done. */
  readonly page: Page;
  /** Shards that it looked in, from {@link since} on. Absent before its first step. */
  readonly shards?: number;
  /** The first page of which {@link shards} is true. @default - every page */
  readonly since?: Page;
  /** Shards that it looked in before that page. */
  readonly shardsBefore?: number;
}

/** Names of a watermark's attributes. */
export const watermarkNames = {
  page: 'page',
  shards: 'shards',
  since: 'since',
  shardsBefore: 'shardsBefore',
} as const satisfies Record<keyof Watermark, string>;

/** Minutes of pages that a walker looks at again once it knows of more shards than before. */
const minutesLookedAtAgain = 120;
/** Minutes after which the stream brings no record any more. */
const minutesOfStream = 25 * 60;

/** The row of each walker's watermark. */
export function watermarkKey(walker: PageWalker): Key {
  return metaKey(`watermark#${walker}`);
}

/** The watermark that a row holds; `undefined` where there is no such row. */
export function rowToWatermark(row: Row | undefined): Watermark | undefined {
  if (typeof row?.[watermarkNames.page] !== 'string') return undefined;
  const { page, shards, since, shardsBefore } = row as Row & Watermark;
  return {
    page,
    ...(typeof shards === 'number' ? { shards } : {}),
    ...(typeof since === 'string' ? { since } : {}),
    ...(typeof shardsBefore === 'number' ? { shardsBefore } : {}),
  };
}

/**
 * Where a walker begins anew that now knows of more shards: two hours before, since writers may have used them
 * for some time already.
 */
export function withMoreShards(before: Watermark, shards: number): Required<Watermark> {
  const page = pageAfter(before.page, -minutesLookedAtAgain);
  const { since, shards: last = shards } = before;
  const isRecent = since !== undefined && since > pageAfter(before.page, -minutesOfStream);
  return {
    page,
    shards,
    since: page,
    shardsBefore: isRecent ? Math.min(last, before.shardsBefore ?? last) : last,
  };
}

/** Whether the walker looked in a shard of a page before its watermark. */
export function hasSeenShard(watermark: Watermark, page: Page, shard: number): boolean {
  const { shards = Infinity, since, shardsBefore = shards } = watermark;
  return (
    page < watermark.page && shard < (since !== undefined && page < since ? shardsBefore : shards)
  );
}

/** A sweeper's claim to a page, so that several can run at once. */
export interface PageLease {
  readonly page: Page;
  /** Unique to the sweeper's run. */
  readonly holder: string;
  /** Epoch milliseconds, as `until`. */
  readonly now: number;
  /** When it ends by itself. */
  readonly until: number;
}

/** The attribute of a lease's row that counts how often it was taken since it was last given back. */
export const leaseTakes = 'takes';

const leaseKeptMs = 24 * 60 * 60 * 1000;

/** One lease for a page, shared by all passes: two passes must not deliver one page at the same time either. */
export function leaseKey(page: Page): Key {
  return metaKey(`lease#${page}`);
}

/** Epoch seconds. A lease that was not released expires after a day. */
export function leaseExpiry({ until }: PageLease): number {
  return Math.ceil((until + leaseKeptMs) / 1000);
}

/** How often a lease was taken and not given back; 0 where there is no such row. */
export function takesOf(row: Row | undefined): number {
  return (row?.[leaseTakes] as number | undefined) ?? 0;
}

// What relay and sweeper tell each other: how far relays are behind, and that destinations take events.

/** How far a relay was behind (epoch milliseconds). */
export interface Lag {
  /** When the oldest record that it got was written. */
  readonly oldestAt: number;
  readonly notedAt: number;
  /** Whether no destination took anything of its batch, which it keeps until one does. */
  readonly isBlocked?: true;
}

const lagPrefix = 'lag#';
const lagKeptMs = 24 * 60 * 60 * 1000;

/** Where notes since a moment (epoch milliseconds) are: under `pk`, from one sort key to another. */
export function lagKeysSince(since: number): { pk: string; from: string; to: string } {
  const { pk, sk } = metaKey(`${lagPrefix}${padSequence(since)}`);
  return { pk, from: sk, to: `${lagPrefix}~` };
}

/**
 * The outbox table's row of a note. Each note has a row of its own, by its time: a relay that is
 * nearly up to date must not write over one that is hours behind. They expire after a day.
 */
export function lagToRow(lag: Lag): Row {
  return {
    ...lagKey(lag),
    ...lag,
    expiresAt: Math.ceil((lag.notedAt + lagKeptMs) / 1000),
  };
}

export function rowToLag(row: Row): Lag {
  return {
    oldestAt: row['oldestAt'] as number,
    notedAt: row['notedAt'] as number,
    ...(row['isBlocked'] === true ? { isBlocked: true } : {}),
  };
}

/** How far relays are behind. */
export interface DeepestLag extends Lag {
  /** When one of them last said that it is blocked. @default - none did */
  readonly blockedAt?: number;
}

/** The lag that is furthest behind. */
export function deepestLag(lags: readonly Lag[]): DeepestLag | undefined {
  const [deepest] = lags.toSorted((a, b) => a.oldestAt - b.oldestAt);
  const blocked = lags.filter(({ isBlocked }) => isBlocked === true);
  if (deepest === undefined || blocked.length === 0) return deepest;
  return { ...deepest, blockedAt: Math.max(...blocked.map(({ notedAt }) => notedAt)) };
}

function lagKey({ notedAt, oldestAt }: Lag): Key {
  return metaKey(`${lagPrefix}${padSequence(notedAt)}#${oldestAt}`);
}

/** The row in which the sweeper notes when a destination last took an event although the relay was blocked. */
export function acceptanceKey(): Key {
  return metaKey('acceptance');
}

export function acceptanceToRow(at: number): Row {
  return { ...acceptanceKey(), at };
}

/** Epoch milliseconds; `undefined` where it was never noted. */
export function rowToAcceptance(row: Row | undefined): number | undefined {
  return typeof row?.['at'] === 'number' ? row['at'] : undefined;
}

/**
 * Says that a page got an entry later than entries usually reach their page, so that the sweeper looks at it again.
 * Written in the same transaction as the entry, and found through the waiting index at any time.
 */
export interface BackdatedNote {
  readonly key: Key;
  /** The page that holds the entry; `undefined` where the row is no valid note. */
  readonly page: Page | undefined;
  /** When the entry was written, as far as the writer knew; epoch milliseconds. */
  readonly writtenAt: number;
}

/** Age of an event's id from which its page may have been swept before the entry is in it: half the time that pages are left alone. */
export const backdatedAfterMs = 60_000;

/** Partition key prefix of the notes: each has a partition of its own. */
export const backdatedPrefix = 'b#';

/** Keys that the notes spread over in the waiting index. Each costs a query a minute, and takes 1,000 notes a second. */
const spread = 2;

/** Partition keys of the waiting index that hold the notes. */
export const backdatedIndexKeys: readonly string[] = Array.from(
  { length: spread },
  (_, index) => `backdated#${index}`,
);

/** The outbox table's row of a note on the page of an event. It expires with the entry. */
export function backdatedToRow(
  eventId: string,
  { writtenAt, retentionMs }: { writtenAt: number; retentionMs: number },
): Row {
  return {
    pk: `${backdatedPrefix}${eventId}`,
    sk: 'page',
    [table.waitingKey]: backdatedIndexKeys[shardOf(eventId, spread)],
    [table.dueAt]: writtenAt,
    expiresAt: Math.ceil((timeOfId(eventId) + retentionMs) / 1000),
  };
}

/**
 * The note that an item of the index stands for. Its page is `undefined` if a row names no event: a principal that may
 * write to the table can write nonsense, which must not block other notes.
 */
export function rowToBackdated({ pk, sk, [table.dueAt]: writtenAt }: Row): BackdatedNote {
  const key = { pk: String(pk), sk: String(sk) };
  const eventId = key.pk.slice(backdatedPrefix.length);
  const isSane = isEventId(eventId) && Number.isSafeInteger(writtenAt) && Number(writtenAt) >= 0;
  return {
    key,
    page: isSane ? pageOf(timeOfId(eventId)) : undefined,
    writtenAt: isSane ? Number(writtenAt) : 0,
  };
}

/**
 * Why a sweep or one of its passes stopped.
 *
 * - `done`: there was nothing left to do.
 * - `out of time`: the next one goes on from there.
 * - `outage`: nothing could be delivered at all.
 * - `failed`: something threw; the log says what.
 */
export type SweepEnd = 'done' | 'out of time' | 'outage' | 'failed';

/** What one run of the sweeper did. */
export interface SweepReport {
  readonly id: string;
  /** Epoch milliseconds. */
  readonly startedAt: number;
  readonly endedAt: number;
  /** Waiting entries that it attempted. */
  readonly due: number;
  /** Entries that it settled for want of a receipt, two minutes and a day after their time. */
  readonly missed: number;
  readonly closing: number;
  /** Pages that it looked at. */
  readonly pages: number;
  /**
   * Age of the oldest page that may hold unsettled entries, or how long an entry has been tried, where that is
   * two hours or more; the longer of the two, in milliseconds. 0 where all is well.
   */
  readonly unsettledMs: number;
  /** Entries that need manual action. */
  readonly parked: number;
  readonly ended: SweepEnd;
}

const prefix = 'sweep#';
const reportKeptMs = 7 * 24 * 60 * 60 * 1000;

/** Where all reports are: under `pk`, from one sort key to another, oldest first. */
export function sweepKeys(): { pk: string; from: string; to: string } {
  const { pk, sk } = metaKey(prefix);
  return { pk, from: sk, to: `${prefix}~` };
}

/** The outbox table's row of a report. It expires after a week. */
export function sweepToRow(report: SweepReport): Row {
  const { id, ...rest } = report;
  return {
    ...metaKey(`${prefix}${padSequence(report.startedAt)}#${id}`),
    ...rest,
    id,
    expiresAt: Math.ceil((report.endedAt + reportKeptMs) / 1000),
  };
}

export function rowToSweep(row: Row): SweepReport {
  return pickDefined(row as unknown as SweepReport, [
    'id',
    'startedAt',
    'endedAt',
    'due',
    'missed',
    'closing',
    'pages',
    'unsettledMs',
    'parked',
    'ended',
  ]);
}

/** The attribute with the largest number of shards that was ever in use. */
export const largestShards = 'shards';

/** Where the number of shards is noted: it may be lowered, and pages written before must still be read whole. */
export function shardsKey(): Key {
  return metaKey('shards');
}

/** The number noted; 0 where none was. */
export function shardsOf(row: Row | undefined): number {
  return (row?.[largestShards] as number | undefined) ?? 0;
}
