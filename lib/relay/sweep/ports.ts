import type { DeliverPorts } from '../deliver.ts';
import type { SweepStore } from '../sweep-store.ts';

/** What a sweep needs of the world. */
export interface SweepPorts extends DeliverPorts {
  readonly store: SweepStore;
}

/** How long a sweep may go on. */
export interface Budget {
  /** Epoch milliseconds after which nothing new is begun. */
  readonly deadline: number;
  /** Epoch milliseconds until which what it took is its own: rows claimed and pages leased. */
  readonly ownedUntil: number;
  /** Unique to this run. */
  readonly holder: string;
}

/** What a pass came to. */
export interface PassResult {
  /** Entries that it found to deliver. */
  readonly found: number;
  readonly pages: number;
  /** Why it stopped: `outage` where nothing could be delivered at all. */
  readonly ended: 'done' | 'out of time' | 'outage';
}
