import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';

import type { Clock, Random } from '../core/ports.ts';
import { systemClock } from '../core/system.ts';
import type { Store } from '../table/store.ts';
import { createNotes } from './notes.ts';
import { createPageStore } from './pages.ts';
import { createWaitingRoom } from './waiting-room.ts';

export interface DynamoDBStoreOptions {
  readonly client: DynamoDBClient;
  /** Name or ARN of the outbox table. */
  readonly tableName: string;
  /** Shards of a page: at least as many as any writer ever used. */
  readonly shards: number;
  /**
   * Passes the time between tries.
   *
   * @default - the system's
   */
  readonly clock?: Clock;
  /** @default Math.random */
  readonly random?: Random;
}

/**
 * The store on DynamoDB.
 *
 * What DynamoDB leaves of a batch, and what meets a conflict, is tried again for up to two and a half
 * seconds. Whatever the client throws after retries of its own is passed on.
 */
export function createDynamoDBStore(options: DynamoDBStoreOptions): Store {
  const { shards, clock = systemClock, random = Math.random, ...rest } = options;
  const table = { ...rest, clock, random };
  return { ...createPageStore(table, shards), ...createWaitingRoom(table), ...createNotes(table) };
}
