import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';

import { createEventBusDestination } from '../lib/delivery/destinations/event-bus.ts';
import { createDynamoDBSweepStore } from '../lib/dynamodb/sweep-store.ts';
import { createSweeper, type SweeperHandler } from '../lib/sweeper/sweeper.ts';
import type { SweepStore } from '../lib/table/stores.ts';
import type { Clock } from '../lib/core/ports.ts';
import { newId, systemClock } from '../lib/core/system.ts';
import { retentionMs, shards } from './fixtures.ts';
import type { Stub } from './stub.ts';

/** The table that a sweeper is at, and where it publishes to. */
export interface SweepTarget extends Pick<Stub, 'eventBridge'> {
  readonly dynamoDB: DynamoDBClient;
  readonly tableName: string;
  readonly clock?: Clock;
}

const silent = () => undefined;

/** The longest that a run may take: what Lambda allows. */
export const invocation = { getRemainingTimeInMillis: () => 15 * 60_000 };

export interface BenchSweeper {
  readonly sweep: SweeperHandler;
  readonly store: SweepStore;
}

/** A sweeper of an outbox with one bus, as the package's own function makes it. */
export function sweeperOf(target: SweepTarget): BenchSweeper {
  const { dynamoDB: client, eventBridge, tableName, clock = systemClock } = target;
  const store = createDynamoDBSweepStore({ client, tableName, shards });
  const bus = { name: 'bus', kind: 'bus', target: 'bus', ordered: false } as const;
  const sweep = createSweeper({
    store,
    destinations: [createEventBusDestination(bus, eventBridge)],
    clock,
    random: Math.random,
    newId,
    log: { debug: silent, info: silent, warn: silent, error: silent },
    meter: { count: silent, time: silent },
    retentionMs,
    shards,
    source: 'orders',
    maxAttempts: 5,
  });
  return { sweep, store };
}
