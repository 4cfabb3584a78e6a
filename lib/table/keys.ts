import { shardOf } from '../core/collections.ts';

/** Names of the outbox table's keys, of its expiry attribute and of its one index. */
export const table = {
  pk: 'pk',
  sk: 'sk',
  expiresAt: 'expiresAt',
  /** Sparse index over the waiting room: `waitingKey`, then `dueAt`. */
  waitingIndex: 'waiting',
  waitingKey: 'waitingKey',
  dueAt: 'dueAt',
} as const;

/** A row's primary key. */
export interface Key {
  readonly pk: string;
  readonly sk: string;
}

/** All entries written in one UTC minute, by its name: `2026-11-21T04:37`. */
export type Page = string;

/** Sort key prefix of entries; the relay's stream filter selects on it. */
export const entryPrefix = 'e#';
/** Sort key prefix of entries that were deferred: they are written when delivered, and the stream filter passes them by. */
export const deferredEntryPrefix = 'd#';
export const receiptPrefix = 'r#';
export const waitingPrefix = 'w#';

const minuteMs = 60_000;
const pagePattern = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}$/;
const pageKeyPattern = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2})#(\d{2,3})$/;

/** The page of a moment (epoch milliseconds). */
export function pageOf(epochMs: number): Page {
  return new Date(epochMs).toISOString().slice(0, 16);
}

/** The moment a page begins (epoch milliseconds). */
export function pageStart(page: Page): number {
  return Date.parse(`${page}Z`);
}

/** The page `minutes` after `page`; before it where negative. */
export function pageAfter(page: Page, minutes: number): Page {
  return pageOf(pageStart(page) + minutes * minuteMs);
}

/** The pages from `from` up to, not including, `end`. */
export function* pagesBetween(from: Page, end: Page): Generator<Page> {
  for (let page = from; page < end; page = pageAfter(page, 1)) yield page;
}

/** Whether `value` names a minute that there is: not the 45th of a month. */
export function isPage(value: string): value is Page {
  if (!pagePattern.test(value)) return false;
  const start = pageStart(value);
  return Number.isFinite(start) && pageOf(start) === value;
}

/** Partition key of one shard of a page. */
export function pageKey(page: Page, shard: number): string {
  return `${page}#${String(shard).padStart(2, '0')}`;
}

/**
 * Page and shard of a partition key, or `undefined` where it is no page's.
 *
 * @param likely the page that it probably names, which need not be checked
 */
export function parsePageKey(pk: string, likely?: Page): { page: Page; shard: number } | undefined {
  const [, page, shard] = pageKeyPattern.exec(pk) ?? [];
  if (page === undefined || (page !== likely && !isPage(page))) return undefined;
  return { page, shard: Number(shard) };
}

/** The partition keys of a page, one per shard. */
export function pageKeys(page: Page, shards: number): string[] {
  return Array.from({ length: shards }, (_, shard) => pageKey(page, shard));
}

/** An entry's key follows from its event id, its aggregate and the number of shards. */
export function entryKey(entry: { id: string; aggregate: string }, shards: number): Key {
  const page = pageOf(timeOfId(entry.id));
  return { pk: pageKey(page, shardOf(entry.aggregate, shards)), sk: `${entryPrefix}${entry.id}` };
}

/** Where an entry lies in its page that was deferred. */
export function deferredEntryKey(entry: { id: string; aggregate: string }, shards: number): Key {
  return { ...entryKey(entry, shards), sk: `${deferredEntryPrefix}${entry.id}` };
}

/** A receipt lies in any shard of the page that it speaks of: its own id spreads them. */
export function receiptKey(page: Page, receiptId: string, shards: number): Key {
  return { pk: pageKey(page, shardOf(receiptId, shards)), sk: `${receiptPrefix}${receiptId}` };
}

/** The partition that an entry waits in: its aggregate's if it has a sequence, else its own. */
export function waitingKey(entry: { id: string; aggregate: string; sequence?: number }): Key {
  return entry.sequence === undefined
    ? { pk: `${waitingPrefix}${entry.id}`, sk: entry.id }
    : {
        pk: `${waitingPrefix}${entry.aggregate}`,
        // The id keeps apart two events that were given one sequence by mistake: neither may replace the other.
        sk: `${padSequence(entry.sequence)}#${entry.id}`,
      };
}

/** The row that says how many entries of an aggregate wait for an ordered destination. */
export function holdKey(aggregate: string): Key {
  return { pk: `${waitingPrefix}${aggregate}`, sk: 'hold' };
}

/** The row with the last sequence given out for an aggregate. */
export function counterKey(aggregate: string): Key {
  return { pk: `a#${aggregate}`, sk: 'sequence' };
}

/** The sweeper's and the relay's own notes: `watermark`, `lag`, `lease#…`, `shards`. */
export function metaKey(name: string): Key {
  return { pk: 'meta', sk: name };
}

/**
 * Partition keys as patterns of IAM's, where `?` stands for one character and `*` for any.
 *
 * IAM sees the partition key only. It cannot tell entries from receipts, which share a page.
 */
export const keyPatterns = {
  /** Entries and receipts. */
  page: '2???-??-??T??:??#*',
  /** Everything that waits, with the holds. */
  waiting: `${waitingPrefix}*`,
  /** Events without a sequence that wait. */
  waitingEvent: `${waitingPrefix}????????-????-7???-????-????????????`,
  counter: 'a#*',
  /** Notes that a page got an entry late. */
  backdated: 'b#*',
  notes: 'meta',
} as const;

/** A sequence as text that sorts like the number. Safe integers have at most 16 digits. */
export function padSequence(sequence: number): string {
  return String(sequence).padStart(16, '0');
}
const idPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** Whether `value` is an event id: a UUIDv7 in lower case. */
export function isEventId(value: unknown): value is string {
  return typeof value === 'string' && idPattern.test(value);
}

/** When an event was born, or due where it was deferred (epoch milliseconds): the first 48 bits of its UUIDv7. */
export function timeOfId(id: string): number {
  return Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
}

/** The sort keys, from one to another, of ids of a moment (epoch milliseconds) and later, under a prefix such as {@link entryPrefix}. */
export function sortKeysSince(prefix: string, epochMs: number): { from: string; to: string } {
  const time = Math.max(0, epochMs).toString(16).padStart(12, '0');
  return { from: `${prefix}${time.slice(0, 8)}-${time.slice(8)}`, to: `${prefix}~` };
}
