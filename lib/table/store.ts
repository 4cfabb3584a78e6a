import type { InvalidEntry, Entry } from './entry.ts';
import type { Key, Page } from './keys.ts';
import type { DeepestLag, Lag } from './relay-notes.ts';
import type { Receipt } from './receipt.ts';
import type { InvalidRow, Waiting } from './waiting.ts';
import type { PageWalker, Watermark } from './watermark.ts';

/**
 * The outbox table as the relay and the sweeper see it. Two adapters, DynamoDB's and the in-memory
 * one, pass one conformance suite.
 *
 * Every method either did all it says or throws; a throw may leave part of it done, and calling
 * again with the same arguments completes it.
 */
export interface Store extends PageStore, WaitingRoom, Notes {}

export interface PageStore {
  /** Writes receipts. Unconditional: a receipt has an id of its own and never replaces another. */
  addReceipts(receipts: readonly Receipt[]): Promise<void>;
  /**
   * Everything in a page, read consistently, shard by shard. Rows that are neither entries nor
   * receipts are left out, and so are receipts that cannot be read: they settle nothing.
   */
  readPage(page: Page): Promise<PageContents>;
}

/** A page as it was read. */
export interface PageContents {
  readonly entries: readonly Entry[];
  /** Rows with an entry's sort key that hold no valid one. */
  readonly invalid: readonly InvalidPageRow[];
  readonly receipts: readonly Receipt[];
}

/** A row of a page that should hold an entry and does not, ready for the waiting room. */
export type InvalidPageRow = InvalidRow & InvalidEntry;

export interface WaitingRoom {
  /**
   * Adds entries to the waiting room, and counts the holds of those that hold their aggregate.
   * One that waits already is left as it is: its attempts and state are further on than the caller knows.
   *
   * Guarantee: an entry counts as a hold exactly as long as it waits, however often it is added and
   * wherever a call breaks off.
   *
   * @throws OutboxError `ITEM_TOO_LARGE` where a row would not fit; no entry that was written through
   * the package is that large
   */
  addWaiting(waiting: readonly Waiting[]): Promise<void>;
  /** Those of the aggregates that have an entry waiting for an ordered destination. Read consistently. */
  heldAggregates(aggregates: readonly string[]): Promise<ReadonlySet<string>>;
  /** One that waits, by its key. Read consistently. */
  getWaiting(key: Key): Promise<Waiting | undefined>;
}

export interface Notes {
  /** A relay is behind. */
  noteLag(lag: Lag): Promise<void>;
  /** The deepest lag noted at or after `since` (epoch milliseconds). */
  readLag(since: number): Promise<DeepestLag | undefined>;
  /** How far a walker over the pages has come; `undefined` before its first run. */
  readWatermark(walker: PageWalker): Promise<Watermark | undefined>;
  /** When the sweeper last saw a destination take an event while a relay was blocked; `undefined` if never. */
  readAcceptance(): Promise<number | undefined>;
}
