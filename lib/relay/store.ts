import type { Key, Page } from '../contract/keys.ts';
import type { Entry, InvalidEntry, Row } from '../contract/entry.ts';
import type { Receipt } from '../contract/receipt.ts';
import type { Waiting } from '../contract/waiting.ts';

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
  /** Everything in a page, read consistently, shard by shard. */
  readPage(page: Page): Promise<PageContents>;
}

/** A page as it was read. */
export interface PageContents {
  readonly entries: readonly Entry[];
  /** Rows with an entry's sort key that hold no valid one. */
  readonly invalid: readonly InvalidPageRow[];
  readonly receipts: readonly Receipt[];
}

export interface InvalidPageRow extends InvalidEntry {
  readonly key: Key;
  readonly row: Row;
}

export interface WaitingRoom {
  /**
   * Adds entries to the waiting room, and counts the holds of those that hold their aggregate.
   * One that waits already is left as it is: its attempts and state are further on than the caller knows.
   */
  addWaiting(waiting: readonly Waiting[]): Promise<void>;
  /** Those of the aggregates that have an entry waiting for an ordered destination. Read consistently. */
  heldAggregates(aggregates: readonly string[]): Promise<ReadonlySet<string>>;
  /** One that waits, by its key. */
  getWaiting(key: Key): Promise<Waiting | undefined>;
}

export interface Notes {
  /** The relay is behind: the oldest record it got was written at `oldestAt`, noted at `now` (epoch milliseconds). */
  noteLag(lag: Lag): Promise<void>;
  readLag(): Promise<Lag | undefined>;
}

export interface Lag {
  readonly oldestAt: number;
  readonly notedAt: number;
}
