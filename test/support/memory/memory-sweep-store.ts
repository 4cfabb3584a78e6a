import type { Clock } from '../../../lib/core/ports.ts';
import type { SweepStore } from '../../../lib/table/sweep-store.ts';
import { createMemoryPageWalk } from './page-walk.ts';
import { createMemoryStore, type MemoryStore, type MemoryStoreOptions } from './store.ts';
import { createMemoryRecords, createMemorySweepNotes } from './memory-sweep-notes.ts';
import { createMemoryWaitingFlow } from './waiting-flow.ts';

/** The sweeper's store in memory, its table open to whoever writes entries or looks at rows. */
export interface MemorySweepStore extends SweepStore, MemoryStore {}

export interface MemorySweepStoreOptions extends MemoryStoreOptions {
  /** Says when the table was made: now. */
  readonly clock: Pick<Clock, 'now'>;
  /**
   * Entries that a page is read in parts of.
   *
   * @default 1000
   */
  readonly chunkSize?: number;
}

/**
 * The sweeper's store in memory: a double for DynamoDB's that passes the same conformance suite.
 *
 * Each call is done at once and without any other in between; its index is never behind.
 */
export function createMemorySweepStore(options: MemorySweepStoreOptions): MemorySweepStore {
  const { shards, chunkSize = 1000, clock } = options;
  const store = createMemoryStore(options);
  const { table } = store;
  return {
    ...store,
    ...createMemoryPageWalk(table, { shards, chunkSize }),
    ...createMemoryWaitingFlow(table, shards),
    ...createMemorySweepNotes(table, clock.now()),
    ...createMemoryRecords(table),
  };
}
