import type { Entry } from './entry.ts';
import type { Page } from './keys.ts';
import type { ReplayNote } from './replay.ts';
import type { Waiting } from './waiting.ts';
import type { InvalidPageRow, PageContents } from './store.ts';
import type { SweepStore } from './sweep-store.ts';

/** The outbox table as a person sees it: all that the sweeper does, and finding things. */
export interface OperateStore extends SweepStore, Lookup, ReplayNotes {}

/** Finding things without a scan. Reads only, and consistently. */
export interface Lookup extends PageLookup, LineLookup {
  /** The largest number of shards ever noted; 0 where nobody noted one. */
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
