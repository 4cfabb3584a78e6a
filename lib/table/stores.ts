import type { Clock, Log, Meter, NewId } from '../core/ports.ts';
import type { ArchivedEntry, SettledAfterArchive } from './archive.ts';
import type { AuditNote, AuditSubject } from './audit.ts';
import type { Entry, InvalidEntry } from './entry.ts';
import type { Key, Page } from './keys.ts';
import type { Receipt } from './receipt.ts';
import type { ReplayNote } from './replay.ts';
import type {
  BackdatedNote,
  DeepestLag,
  Lag,
  PageLease,
  PageWalker,
  SweepReport,
  Watermark,
} from './sweep-notes.ts';
import type { InvalidRow, SeenWaiting, Waiting, WaitingState, WaitingSummary } from './waiting.ts';

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

export type { AuditNote, AuditSubject } from './audit.ts';
export type { PageLease } from './sweep-notes.ts';
export type { SweepReport } from './sweep-notes.ts';
export type { SweepPass } from './sweep-notes.ts';

/** The outbox table as the sweeper and the operator see it: all of {@link Store}, and what settles and drains. */
export interface SweepStore extends Store, PageWalk, WaitingFlow, SweepNotes, Records {}

/** Reading pages that may hold more than fits in memory. */
export interface PageWalk {
  /** Notes the number of shards in use, and returns the largest ever noted: readers must look in all of them. */
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
 * A row is recognised by its state, its attempts and when it is due: each change alters one of them.
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
   * taker die. It is `retrying` from then on: a deferred event can no longer be cancelled. Returns the row
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
   * Takes the lease on a page until it ends. Returns how often it was taken since it was last given
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

/** The outbox table as a person sees it: all that the sweeper does, and finding things. */
export interface OperateStore extends SweepStore, Lookup, ReplayNotes {}

/** Finding things without a scan. Reads only, and consistently. */
export interface Lookup extends PageLookup, LineLookup {
  /** The largest number of shards ever noted; 0 if none was noted. */
  largestShards(): Promise<number>;
}

export interface PageLookup {
  /** What a page holds under an event's id, in whichever shard it lies: two keys a shard. */
  findInPage(eventId: string): Promise<Entry | InvalidPageRow | undefined>;
  /**
   * An aggregate's entries in a page, in the order of their ids. Looks only in the shards that the
   * numbers of shards put the aggregate in.
   */
  readHistory(
    aggregate: string,
    page: Page,
    shardCounts: readonly number[],
  ): Promise<readonly Entry[]>;
  /** What a page holds with an id of a moment (epoch milliseconds) or later; of deferred events nothing. */
  readSince(page: Page, since: number): Promise<PageContents>;
}

export interface LineLookup {
  /** All entries with a sequence of an aggregate that wait, in sequence. */
  readLine(aggregate: string): Promise<readonly Waiting[]>;
  /** The last sequence that was given out for an aggregate; `undefined` where none was. */
  readCounter(aggregate: string): Promise<number | undefined>;
}

/** How far replays came. */
export interface ReplayNotes {
  readReplay(name: string): Promise<ReplayNote | undefined>;
  /** The notes of all replays, in any order. Read consistently. */
  listReplays(): Promise<readonly ReplayNote[]>;
  /**
   * Replaces a note, or writes the first one of a name where `before` is `undefined`. Returns false, and changes
   * nothing, if the note is no longer as it was read: of another replay or run, or ended meanwhile.
   */
  changeReplay(before: ReplayNote | undefined, after: ReplayNote): Promise<boolean>;
}

/**
 * Objects under keys, as an archive is made of. Two adapters, that of S3 and the in-memory one, pass one
 * conformance suite.
 */
export interface ArchiveObjects {
  /** Writes an object, over one of the same key. What arrives otherwise than it was sent is refused. */
  put(key: string, body: Uint8Array): Promise<void>;
  /** Reads an object, whole. Throws what the client throws where there is none: keys are listed first. */
  read(key: string): Promise<Uint8Array>;
  /** The keys that begin with a prefix, in their order; at most `limit` of them. @default - all */
  list(prefix: string, limit?: number): Promise<readonly string[]>;
}

/** The outbox table as the archiver sees it. */
export interface ArchiveStore
  extends
    Pick<PageWalk, 'noteShards' | 'openPage'>,
    Pick<Notes, 'readWatermark'>,
    Pick<SweepNotes, 'advanceWatermark' | 'leasePage' | 'releasePage'>,
    LateEntries {}

/** Entries that left the waiting room so late that their pages may have been archived before. */
export interface LateEntries {
  /** Those of events born before a moment (epoch milliseconds), in parts of bounded size; read consistently. */
  listLate(before: number): AsyncIterable<readonly SettledAfterArchive[]>;
  /** Forgets one. */
  removeLate(eventId: string): Promise<void>;
}

/** What archiving needs of the world. */
export interface ArchiverPorts {
  readonly store: ArchiveStore;
  readonly archive: ArchiveObjects;
  readonly clock: Clock;
  readonly newId: NewId;
  readonly log: Log;
  readonly meter: Meter;
  readonly tableName: string;
  /** The source of the outbox. */
  readonly source: string;
  /** What the keys of the archive begin with. */
  readonly prefix: string;
  /** Shards of a page that are in use. */
  readonly shards: number;
  /** How long entries are kept in the table. */
  readonly retentionMs: number;
  /** Bytes of lines, before compression, from which on a part is full. @default 16777216, which are 16 MiB */
  readonly fullPartBytes?: number;
}

/** Pages that were copied out of the table before they expired. */
export interface ArchivedPages {
  /** The first page of the first hour that is there; `undefined` where none is. */
  firstPage(): Promise<Page | undefined>;
  /** A page's entries with the last outcome of each, in parts; each entry once. */
  readPage(page: Page): AsyncIterable<readonly ArchivedEntry[]>;
}
