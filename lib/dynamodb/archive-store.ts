import { systemClock } from '../core/system.ts';
import type { ArchiveStore } from '../table/ports.ts';
import { createLateEntries } from './late-entries.ts';
import { createNotes } from './notes.ts';
import { createPageWalk } from './page-walk.ts';
import type { DynamoDBStoreOptions } from './store.ts';
import { createSweepNotes } from './sweep-notes.ts';

/** The archiver's store on DynamoDB. */
export function createDynamoDBArchiveStore(options: DynamoDBStoreOptions): ArchiveStore {
  const { shards, clock = systemClock, random = Math.random, ...rest } = options;
  const table = { ...rest, clock, random };
  return {
    ...createPageWalk(table, shards),
    ...createNotes(table),
    ...createSweepNotes(table),
    ...createLateEntries(table),
  };
}
