import type { ArchivedEntry } from './archive-line.ts';
import type { Page } from './keys.ts';
import type { LateEntry } from './late.ts';
import type { Clock, Log, Meter, NewId } from '../core/ports.ts';
import type { Notes } from './store.ts';
import type { PageWalk, SweepNotes } from './sweep-store.ts';

/**
 * Objects under keys, as an archive is made of. Two adapters, that of S3 and the in-memory one, pass one
 * conformance suite.
 */
export interface Archive {
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
  listLate(before: number): AsyncIterable<readonly LateEntry[]>;
  /** Forgets one. */
  removeLate(eventId: string): Promise<void>;
}

/** What archiving needs of the world. */
export interface ArchiverPorts {
  readonly store: ArchiveStore;
  readonly archive: Archive;
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
