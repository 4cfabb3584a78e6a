import type { Row } from './entry.ts';
import { metaKey, type Key, type Page } from './keys.ts';
import { pickDefined } from './pick.ts';

/** How far a replay came, so that one that broke off goes on where it was. */
export interface ReplayNote {
  /** What was asked for, as a name: who asks for the same finds the note again. */
  readonly name: string;
  /** Marks the replay's messages. */
  readonly replayId: string;
  /** The first page that is not done. */
  readonly next: Page;
  readonly sent: number;
  readonly by: string;
  /** Epoch milliseconds, as `endedAt`. */
  readonly startedAt: number;
  /** Absent while it goes on. */
  readonly endedAt?: number;
}

/** Where the note of a replay is. */
export function replayKey(name: string): Key {
  return metaKey(`replay#${name}`);
}

/** The outbox table's row of a note. */
export function replayToRow(note: ReplayNote): Row {
  return { ...replayKey(note.name), ...note };
}

export function rowToReplay(row: Row): ReplayNote {
  return pickDefined(row as unknown as ReplayNote, [
    'name',
    'replayId',
    'next',
    'sent',
    'by',
    'startedAt',
    'endedAt',
  ]);
}
