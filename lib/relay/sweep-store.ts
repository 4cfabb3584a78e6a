import type { Entry } from '../contract/entry.ts';
import type { Page } from '../contract/keys.ts';
import type { Receipt } from '../contract/receipt.ts';
import type { Waiting, WaitingState } from '../contract/waiting.ts';
import type { WaitingSummary } from '../contract/waiting-summary.ts';
import type { InvalidPageRow, Store } from './store.ts';

/** The outbox table as the sweeper and the operator see it: all of {@link Store}, and what settles and drains. */
export interface SweepStore extends Store, PageWalk, WaitingFlow, SweepNotes {}

/** Reading pages that may hold more than fits in memory. */
export interface PageWalk {
  /** Notes the number of shards in use, and answers with the largest ever noted: readers must look in all of them. */
  noteShards(shards: number): Promise<number>;
  /** All receipts of a page, read consistently from every shard. */
  readReceipts(page: Page): Promise<readonly Receipt[]>;
  /** A page's entries, one answer of the database (at most 1 MB) at a time, read consistently. */
  readEntries(page: Page): AsyncIterable<PageChunk>;
}

export interface PageChunk {
  readonly entries: readonly Entry[];
  readonly invalid: readonly InvalidPageRow[];
}

/**
 * The ways through the waiting room. Each change is conditional on the row being as the caller saw it, so
 * that sweepers, a relay and an operator can meet on one row: who comes second is told so, and changes nothing.
 */
export interface WaitingFlow {
  /** Rows of a state due at or before a moment (epoch milliseconds), the longest due first; eventually consistent. */
  listWaiting(state: WaitingState, dueBy: number): AsyncIterable<readonly WaitingSummary[]>;
  /** How many rows are in a state; eventually consistent. Costs a read of the index, never of entries. */
  countWaiting(state: WaitingState): Promise<number>;
  /** The first of an aggregate's entries that hold it, in sequence; read consistently. */
  firstInLine(aggregate: string): Promise<Waiting | undefined>;
  /**
   * Takes a row for one attempt: counts the attempt as started and sets when it is due again should the
   * taker die. Answers with the row as it is now; `undefined` where it changed since it was seen.
   */
  claimWaiting(seen: WaitingSummary, claim: Claim): Promise<Waiting | undefined>;
  /**
   * Replaces a row by its next state, and uncounts its hold where it holds no longer; answers false where
   * it is not any more as `before` says (its state, its attempts and when it is due).
   */
  changeWaiting(before: Waiting, after: Waiting): Promise<boolean>;
  /**
   * Takes a row out of the waiting room, uncounts its hold and writes the receipt that says why, in one
   * transaction; a deferred entry is written to its page with it. Answers false where the row is not any
   * more as `before` says; then nothing is written.
   */
  removeWaiting(before: Waiting, settlement: Settlement): Promise<boolean>;
}

export interface Claim {
  readonly now: number;
  /** When the row is due again, epoch milliseconds. */
  readonly until: number;
}

export interface Settlement {
  readonly receipt: Receipt;
  /** The entry that the page shall hold from now on: of a deferred event, which lay in no page. */
  readonly entry?: Entry;
  /** Who did it and why, where a person did. */
  readonly audit?: AuditNote;
}

/** What a person did to an entry, and why. */
export interface AuditNote {
  readonly id: string;
  readonly action: 'redrive' | 'discard' | 'skip' | 'replay';
  /** Epoch milliseconds. */
  readonly at: number;
  readonly by: string;
  readonly why: string;
  readonly eventId?: string;
  readonly aggregate?: string;
}

/** The sweeper's own notes. */
export interface SweepNotes {
  /** When the table was made (epoch milliseconds): no page before it holds anything. */
  tableCreatedAt(): Promise<number>;
  /** The first page that the pass has not yet done; `undefined` before its first run. */
  readWatermark(pass: SweepPass): Promise<Page | undefined>;
  /** Moves a watermark forward. One that is further on already stays: answers with where it is. */
  advanceWatermark(pass: SweepPass, to: Page): Promise<Page>;
  /** Takes the lease on a page until a moment (epoch milliseconds); false where another holds it. */
  leasePage(lease: PageLease): Promise<boolean>;
  /** Gives a lease back, if it is still the holder's. */
  releasePage(lease: PageLease): Promise<void>;
  /** What the last sweeps found, newest first. */
  readSweeps(limit: number): Promise<readonly SweepReport[]>;
  noteSweep(report: SweepReport): Promise<void>;
  /** Adds to the record of what people did. */
  noteAudit(note: AuditNote): Promise<void>;
  readAudit(of: { eventId?: string; aggregate?: string }): Promise<readonly AuditNote[]>;
}

/** `missed`: what the relay left behind. `closing`: once more when the stream can bring nothing any more. */
export type SweepPass = 'missed' | 'closing';

export interface PageLease {
  readonly pass: SweepPass;
  readonly page: Page;
  /** Unique to the sweeper's run. */
  readonly holder: string;
  readonly now: number;
  readonly until: number;
}

/** What one run of the sweeper did. */
export interface SweepReport {
  readonly id: string;
  /** Epoch milliseconds. */
  readonly startedAt: number;
  readonly endedAt: number;
  readonly due: number;
  readonly missed: number;
  readonly closing: number;
  readonly pages: number;
  /** Why it stopped. */
  readonly ended: 'done' | 'out of time' | 'outage';
}
