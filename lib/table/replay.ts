import type { Row } from './entry.ts';
import type { TypeFilter } from '../core/event-types.ts';
import { metaKey, type Key, type Page } from './keys.ts';
import { pickDefined } from '../core/collections.ts';

/** Which events a replay delivers again. */
export interface ReplayRequest {
  /** The event's time, epoch milliseconds: from `from` up to, not including, `to`. */
  readonly from: number;
  readonly to: number;
  /** @default - every type */
  readonly types?: TypeFilter;
  /** @default - every aggregate */
  readonly aggregate?: string;
  /** The destination to deliver to. @default - each that takes the type */
  readonly destination?: string;
}

/** How far a replay came, so that one that broke off goes on where it was. */
export interface ReplayNote {
  /** The request's name: the same request finds the note again. */
  readonly name: string;
  /** What it delivers. @default - not known: the note was written by version 0.1.0 or earlier */
  readonly request?: ReplayRequest;
  /** Marks the replay's messages. */
  readonly replayId: string;
  /** The run that works on it: a later one that takes the replay over stops it. */
  readonly run?: string;
  /** The first page that is not done. */
  readonly next: Page;
  readonly sent: number;
  /** Pages that had expired before they were read: what the table did not hold any more of them was not delivered. */
  readonly expiredPages?: number;
  readonly by: string;
  /** Epoch milliseconds, as `notedAt` and `endedAt`. */
  readonly startedAt: number;
  /** The last progress. */
  readonly notedAt?: number;
  /** Absent while it is unfinished. */
  readonly endedAt?: number;
  /** Who ended it before its end. */
  readonly abandonedBy?: string;
}

const replayPrefix = 'replay#';

/** Where the note of a replay is. */
export function replayKey(name: string): Key {
  return metaKey(`${replayPrefix}${name}`);
}

/** The range of keys in which all notes of replays lie. */
export function replayKeys(): { pk: string; from: string; to: string } {
  const { pk, sk } = replayKey('');
  return { pk, from: sk, to: `${sk}~` };
}

/** The outbox table's row of a note. */
export function replayToRow(note: ReplayNote): Row {
  return { ...replayKey(note.name), ...note };
}

export function rowToReplay(row: Row): ReplayNote {
  return pickDefined(row as unknown as ReplayNote, [
    'name',
    'request',
    'replayId',
    'run',
    'next',
    'sent',
    'expiredPages',
    'by',
    'startedAt',
    'notedAt',
    'endedAt',
    'abandonedBy',
  ]);
}
