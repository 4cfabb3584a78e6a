import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';

import type { Clock, Random } from '../core/ports.ts';

/** The outbox table, and what it takes to call it with patience. */
export interface OutboxTable {
  readonly client: DynamoDBClient;
  readonly tableName: string;
  readonly clock: Clock;
  readonly random: Random;
}

/** Calls to the table that one method of the store makes at the same time. */
export const maxParallelCalls = 16;
