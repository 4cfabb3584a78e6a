import { systemClock } from '../core/system.ts';
import type { SweepStore } from '../table/sweep-store.ts';
import { createPageWalk } from './page-walk.ts';
import { createRecords } from './records.ts';
import { createDynamoDBStore, type DynamoDBStoreOptions } from './store.ts';
import { createSweepNotes } from './sweep-notes.ts';
import { createWaitingFlow } from './waiting-flow.ts';
import { createWaitingIndex } from './waiting-index.ts';

/**
 * The sweeper's store on DynamoDB: the relay's, and what settles and drains.
 *
 * Apart from {@link createDynamoDBStore}, so that the relay does not load what it never uses.
 */
export function createDynamoDBSweepStore(options: DynamoDBStoreOptions): SweepStore {
  const { shards, clock = systemClock, random = Math.random, ...rest } = options;
  const table = { ...rest, clock, random };
  return {
    ...createDynamoDBStore(options),
    ...createPageWalk(table, shards),
    ...createWaitingIndex(table),
    ...createWaitingFlow(table, shards),
    ...createSweepNotes(table),
    ...createRecords(table),
  };
}
