import type { SweepEnd } from '../table/sweep-notes.ts';
import type { DeliverPorts } from '../delivery/deliver.ts';
import type { SweepStore } from '../table/stores.ts';

/** What a sweep needs of the world. */
export interface SweepPorts extends DeliverPorts {
  readonly store: SweepStore;
  /** Shards of a page that are in use. */
  readonly shards: number;
  /** Where the outbox is archived to. @default - it is not */
  readonly archive?: string;
}

/** How long a pass may go on. */
export interface Budget {
  /** Epoch milliseconds after which nothing new is begun. */
  readonly deadline: number;
  /** Epoch milliseconds until which what the run took is its own: rows claimed and pages leased. */
  readonly ownedUntil: number;
  /** Unique to the run. */
  readonly holder: string;
}

/** What a pass came to. */
export interface PassResult {
  /** Entries that it found to deliver. */
  readonly found: number;
  /** Pages that it looked at. */
  readonly pages: number;
  readonly ended: SweepEnd;
}
