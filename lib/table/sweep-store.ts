import type { AuditNote, AuditSubject } from './audit.ts';
import type { SeenWaiting } from './claim.ts';
import type { BackdatedNote } from './backdated.ts';
import type { Entry } from './entry.ts';
import type { Page } from './keys.ts';
import type { PageLease } from './lease.ts';
import type { Receipt } from './receipt.ts';
import type { SweepReport } from './sweep-report.ts';
import type { Waiting, WaitingState } from './waiting.ts';
import type { WaitingSummary } from './waiting-summary.ts';
import type { PageWalker, Watermark } from './watermark.ts';
import type { InvalidPageRow, Store } from './store.ts';

export type { AuditNote, AuditSubject } from './audit.ts';
export type { PageLease } from './lease.ts';
export type { SweepReport } from './sweep-report.ts';
export type { SweepPass } from './watermark.ts';

/** The outbox table as the sweeper and the operator see it: all of {@link Store}, and what settles and drains. */
export interface SweepStore extends Store, PageWalk, WaitingFlow, SweepNotes, Records {}

/** Reading pages that may hold more than fits in memory. */
export interface PageWalk {
  /** Notes the number of shards in use, and answers with the largest ever noted: readers must look in all of them. */
  noteShards(shards: number): Promise<number>;
  /** Opens a page: one question to each of its shards, and more where it is large. Read consistently. */
  openPage(page: Page, shards: number): Promise<OpenPage>;
  /** All receipts of a page alone, from the shards that the store was opened with. Read consistently. */
  readReceipts(page: Page): Promise<readonly Receipt[]>;
}

/** A page as it is read bit by bit. */
export interface OpenPage {
  /** All of them: which entries lack one is known before the first entry is seen. */
  readonly receipts: readonly Receipt[];
  /**
   * Its entries, in parts of bounded size that are read as they are asked for; to be walked once. None where
   * there are none. An aggregate's entries come in the order of their ids, those that were deferred first.
   */
  readonly chunks: AsyncIterable<PageChunk>;
}

export interface PageChunk {
  readonly entries: readonly Entry[];
  readonly invalid: readonly InvalidPageRow[];
}

/**
 * The ways through the waiting room. Each change is conditional on the row being as the caller saw it, so
 * that sweepers, a relay and an operator can meet on one row: who comes second is told so, and changes nothing.
 *
 * A row is recognised by its state, its attempts and when it is due: whoever changes it changes one of them.
 */
export interface WaitingFlow {
  /**
   * Rows of a state due at or before a moment (epoch milliseconds), roughly the longest due first;
   * eventually consistent. All of a state: `Number.MAX_SAFE_INTEGER`.
   */
  listWaiting(state: WaitingState, dueBy: number): AsyncIterable<readonly WaitingSummary[]>;
  /** How many rows are in a state; eventually consistent. Costs a read of the index, never of entries. */
  countWaiting(state: WaitingState): Promise<number>;
  /** The first of an aggregate's entries that hold it, in sequence; read consistently. */
  firstInLine(aggregate: string): Promise<Waiting | undefined>;
  /**
   * Takes a row for one attempt: counts the attempt as started, and sets when the row is due again should its
   * taker die. It is `retrying` from then on: a deferred event can no longer be cancelled. Answers with the row
   * as it is now; `undefined` where it changed since it was seen.
   */
  claimWaiting(seen: SeenWaiting, until: number): Promise<Waiting | undefined>;
  /**
   * Replaces a row by its next state, and keeps the count of its aggregate's holds; answers false where it is
   * not any more as `before` says.
   */
  changeWaiting(before: Waiting, after: Waiting): Promise<boolean>;
  /**
   * Takes a row out of the waiting room, uncounts its hold and writes what says why, in one transaction; an
   * entry that lies in no page yet is written to its page with it. Answers false where the row is not any more
   * as `before` says; then nothing is written.
   */
  removeWaiting(before: Waiting, settlement: Settlement): Promise<boolean>;
}

/** Why a row leaves the waiting room. */
export interface Settlement {
  /** Absent only for a row that lies in no page, of which no receipt can speak. */
  readonly receipt?: Receipt;
  /** Who did it and why, where a person did. */
  readonly audit?: AuditNote;
  /** Whether its page may have been archived before: then the archiver finds it among the late entries. */
  readonly isLate?: true;
}

/** What sweepers tell each other. */
export interface SweepNotes {
  /** When the table was made (epoch milliseconds): it holds nothing from before. 0 where that is not known. */
  tableCreatedAt(): Promise<number>;
  /**
   * Moves a watermark forward, for a walker that looked in so many shards of each page. Returns where it is: one
   * that is further on stays, and so does one of a walker that looked in more shards.
   */
  advanceWatermark(walker: PageWalker, to: Page, shards: number): Promise<Page>;
  /** Moves a watermark back for a walker that knows of more shards. No-op where one did so before. */
  restartWatermark(walker: PageWalker, from: Required<Watermark>): Promise<void>;
  /** Notes that a destination takes events (epoch milliseconds), for relays that are blocked. */
  noteAcceptance(at: number): Promise<void>;
  /**
   * Takes the lease on a page until it ends. Answers with how often it was taken since it was last given
   * back, this time included: more than once where who had it died. `undefined` where another holds it.
   */
  leasePage(lease: PageLease): Promise<number | undefined>;
  /** Notes of pages that got an entry late, written before a moment (epoch milliseconds). Eventually consistent. */
  listBackdated(writtenBefore: number): AsyncIterable<readonly BackdatedNote[]>;
  /** Removes a note once its page is settled. No-op where it is gone. */
  removeBackdated(note: BackdatedNote): Promise<void>;
  /** Gives a lease back, if it is still the holder's. */
  releasePage(lease: PageLease): Promise<void>;
}

/** What was done, for people to read. */
export interface Records {
  noteSweep(report: SweepReport): Promise<void>;
  /** What the last sweeps did, newest first. */
  readSweeps(limit: number): Promise<readonly SweepReport[]>;
  /** Adds to the record of what people did. Adding a note again changes nothing. */
  noteAudit(note: AuditNote): Promise<void>;
  /** What people did to an event, or to an aggregate's events, oldest first. */
  readAudit(of: AuditSubject): Promise<readonly AuditNote[]>;
}
