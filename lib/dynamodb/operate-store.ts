import { systemClock } from '../core/system.ts';
import type { OperateStore } from '../table/operate-store.ts';
import { createLookup } from './lookup.ts';
import { createReplayNotes } from './replay-notes.ts';
import type { DynamoDBStoreOptions } from './store.ts';
import { createDynamoDBSweepStore } from './sweep-store.ts';

/** The operator's store on DynamoDB: the sweeper's, and finding things. */
export function createDynamoDBOperateStore(options: DynamoDBStoreOptions): OperateStore {
  const { clock = systemClock, random = Math.random, ...rest } = options;
  const table = { ...rest, clock, random };
  return {
    ...createDynamoDBSweepStore(options),
    ...createLookup(table, options.shards),
    ...createReplayNotes(table),
  };
}
