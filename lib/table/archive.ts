import { pickDefined, shardOf } from '../core/collections.ts';
import { OutboxError } from '../core/errors.ts';
import { contextKeys, pickEntry, problemWithEntry, type Entry, type Row } from './entry.ts';
import { pageAfter, pageStart, timeOfId, type Key, type Page } from './keys.ts';
import type { ReceiptOutcome } from './receipt.ts';

/** All pages of one UTC hour, by its name: `2026-11-21T04`. The archive is kept by hours. */
export type Hour = string;

/** Where an archive is kept. */
export interface ArchiveLocation {
  readonly bucket: string;
  /** What all keys begin with: empty, or ending in a slash. */
  readonly prefix: string;
}

/** Whose archive it is: several outboxes may share a bucket and a prefix, by their sources. */
export interface ArchiveOwner {
  readonly prefix: string;
  /** The source of the outbox. */
  readonly source: string;
}

/** One part of an hour, as the hour's manifest has it. */
export interface ArchivePart {
  /** Its object's key without the folder. */
  readonly name: string;
  /** The first and the last page that it holds entries of. Both may be in other parts too. */
  readonly first: Page;
  readonly last: Page;
  readonly entries: number;
  /** Of the object as it is stored, in hexadecimal digits. */
  readonly sha256: string;
}

/** One entry that left the waiting room after its hour was archived, as the hour's manifest has it. */
export type ArchivedLate = Pick<ArchivePart, 'name' | 'sha256'>;

/**
 * Says that an hour is in the archive, and of what it is made: an object that it does not name is not part of it. Written
 * last, and again when something comes late.
 */
export interface ArchiveManifest {
  readonly hour: Hour;
  /** The table that it was archived from. */
  readonly table: string;
  /** Whether all outcomes were known: false where the hour was archived in haste, before it expired. */
  readonly closed: boolean;
  /** In the order of their pages. */
  readonly parts: readonly ArchivePart[];
  /** @default - nothing came late */
  readonly late?: readonly ArchivedLate[];
}

/** The beginning of an object's name tells what it is. Athena passes by what begins with an underscore. */
const names = { manifest: '_manifest.json', part: 'part-', late: 'late-' } as const;
const extension = '.ndjson.gz';

const hourPattern = /date=(\d{4}-\d{2}-\d{2})\/hour=(\d{2})\//;

/** The hour of a page. */
export function hourOf(page: Page): Hour {
  return page.slice(0, 13);
}

export function firstPageOf(hour: Hour): Page {
  return `${hour}:00`;
}

export function hourAfter(hour: Hour, hours: number): Hour {
  return hourOf(pageAfter(firstPageOf(hour), hours * 60));
}

/** The moment an hour begins (epoch milliseconds). */
export function hourStart(hour: Hour): number {
  return pageStart(firstPageOf(hour));
}

/** The sixty pages of an hour. */
export function pagesOfHour(hour: Hour): Page[] {
  return Array.from({ length: 60 }, (_, minute) => pageAfter(firstPageOf(hour), minute));
}

/** What the keys of all of an outbox's objects begin with. A source may hold slashes, a folder's name may not. */
export function ownerPrefix({ prefix, source }: ArchiveOwner): string {
  return `${prefix}source=${encodeURIComponent(source)}/`;
}

/** What the keys of a day's objects begin with: `…date=2026-11-21/`. */
export function dayPrefix(owner: ArchiveOwner, hour: Hour): string {
  return `${ownerPrefix(owner)}date=${hour.slice(0, 10)}/`;
}

/** What the keys of an hour's objects begin with: `…date=2026-11-21/hour=04/`. */
export function hourPrefix(owner: ArchiveOwner, hour: Hour): string {
  return `${dayPrefix(owner, hour)}hour=${hour.slice(11)}/`;
}

/** The hour that an object belongs to; `undefined` where its key is none of an archive's. */
export function hourOfKey(key: string): Hour | undefined {
  const [, date, hour] = hourPattern.exec(key) ?? [];
  return date === undefined || hour === undefined ? undefined : `${date}T${hour}`;
}

/** The name of an hour's manifest. */
export const manifestName = names.manifest;

/** The name of an hour's part, counted from 0. */
export function partName(index: number): string {
  return `${names.part}${String(index).padStart(4, '0')}${extension}`;
}

export function isPartName(name: string): boolean {
  return name.startsWith(names.part);
}

/** The name of the object with one entry that left the waiting room after its hour was archived. */
export function lateName(eventId: string): string {
  return `${names.late}${eventId}${extension}`;
}

const locationPattern = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/(.*))?$/;

/**
 * Reads `s3://bucket/prefix`. A prefix is taken for a folder, whether it ends in a slash or not.
 *
 * @throws OutboxError `OPTION_INVALID`
 */
export function readArchiveLocation(text: string): ArchiveLocation {
  const [, bucket, path = ''] = locationPattern.exec(text) ?? [];
  if (bucket !== undefined) return { bucket, prefix: toPrefix(path) };
  throw new OutboxError(
    'OPTION_INVALID',
    `an archive is given as s3://bucket/prefix, got ${JSON.stringify(text)}`,
    { details: { archive: text } },
  );
}

/** A path as what keys begin with: empty, or ending in one slash. */
export function toPrefix(path: string): string {
  return path === '' || path.endsWith('/') ? path : `${path}/`;
}

/**
 * What was known of an entry when it was archived: what its receipts said; `unknown` where none did, since
 * the page was archived in haste or its receipts expired before it.
 */
export type ArchivedOutcome = ReceiptOutcome | 'unknown';

/** An entry, and its outcome at that time. */
export interface ArchivedEntry {
  readonly entry: Entry;
  readonly outcome: ArchivedOutcome;
  /** When that was noted, epoch milliseconds; absent where it is unknown. */
  readonly outcomeAt?: number;
}

/**
 * One line of an archive, without its end: flat JSON, so that Athena reads each name as a column. The event's
 * data is one text, as it was written.
 */
export function toArchiveLine({ entry, outcome, outcomeAt }: ArchivedEntry): string {
  return JSON.stringify({
    id: entry.id,
    occurredAt: iso(timeOfId(entry.id)),
    type: entry.type,
    version: entry.version,
    aggregate: entry.aggregate,
    ...pickDefined(entry, ['sequence', ...contextKeys]),
    data: entry.data,
    outcome,
    ...(outcomeAt === undefined ? {} : { outcomeAt: iso(outcomeAt) }),
  });
}

const outcomes: readonly ArchivedOutcome[] = ['published', 'waiting', 'discarded', 'unknown'];

/** Reads what {@link toArchiveLine} wrote. Returns what is wrong with a line that it cannot have written. */
export function readArchiveLine(line: string): ArchivedEntry | { readonly problem: string } {
  const row = parseLine(line);
  const problem = row === undefined ? 'it is not a JSON object' : problemWithEntry(row);
  if (row === undefined || problem !== undefined) return { problem: problem ?? '' };
  const outcome = outcomes.find((known) => known === row['outcome']);
  if (outcome === undefined) return { problem: 'it has an unknown outcome' };
  const entry = pickEntry(row as unknown as Entry);
  const { outcomeAt: time } = row;
  if (time === undefined) return { entry, outcome };
  const outcomeAt = typeof time === 'string' ? Date.parse(time) : NaN;
  return Number.isNaN(outcomeAt)
    ? { problem: 'outcomeAt is not a time' }
    : { entry, outcome, outcomeAt };
}

function parseLine(line: string): Row | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? (value as Row) : undefined;
  } catch {
    return undefined;
  }
}

function iso(epochMs: number): string {
  return new Date(epochMs).toISOString();
}

/** An entry that left the waiting room so late that its page may have been archived before. */
export interface SettledAfterArchive extends ArchivedEntry {
  readonly outcome: ReceiptOutcome;
  readonly outcomeAt: number;
  /** Epoch seconds. */
  readonly expiresAt: number;
}

/** Keys that late entries spread over, to stay clear of a partition's write limit. */
const spread = 4;
const prefix = 'late#';

/** The partition keys of late entries, as a pattern of IAM's. */
export const latePattern = `${prefix}*`;

/** The partition keys of late entries. In each they lie by their event ids, which is by the events' times. */
export const lateKeys: readonly string[] = Array.from(
  { length: spread },
  (_, index) => `${prefix}${index}`,
);

export function lateKey(eventId: string): Key {
  return { pk: `${prefix}${shardOf(eventId, spread)}`, sk: eventId };
}

/** The outbox table's row of a late entry: the whole entry, which may have expired from its page. */
export function lateToRow({ entry, outcome, outcomeAt, expiresAt }: SettledAfterArchive): Row {
  return { ...lateKey(entry.id), ...entry, outcome, outcomeAt, expiresAt };
}

export function rowToLate(row: Row): SettledAfterArchive {
  const { outcome, outcomeAt, expiresAt } = row as unknown as SettledAfterArchive;
  return { entry: pickEntry(row as unknown as Entry), outcome, outcomeAt, expiresAt };
}
