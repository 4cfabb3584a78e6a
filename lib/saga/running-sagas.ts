import { QueryCommand } from '@aws-sdk/client-dynamodb';

import type { Dimensions } from '../core/metrics.ts';
import type { Clock, Log } from '../core/ports.ts';
import { toRow, type Item, type ItemClient } from '../dynamodb/items.ts';
import { addDimensions, type InboxMetricsSink } from '../inbox/log.ts';
import {
  rowToSagaSummary,
  runningKeys,
  sagaMetrics,
  sagaTable,
  type SagaSummary,
} from '../table/saga.ts';

/** The index of the sagas that have not finished. Eventually consistent. */
export interface RunningSagas {
  /** Those of a definition that are overdue at a moment (epoch milliseconds), longest first in each part. */
  list(saga: string, overdueBy: number): AsyncIterable<readonly SagaSummary[]>;
}

/** The index on DynamoDB. Costs a read unit for about thirty sagas. */
export function createRunningSagas(client: ItemClient, tableName: string): RunningSagas {
  return {
    list: async function* (saga, overdueBy) {
      for (const key of runningKeys(saga)) yield* listKey(client, { tableName, key, overdueBy });
    },
  };
}

async function* listKey(
  client: ItemClient,
  { tableName, key, overdueBy }: { tableName: string; key: string; overdueBy: number },
): AsyncGenerator<SagaSummary[]> {
  let ExclusiveStartKey: Item | undefined;
  do {
    const { Items = [], LastEvaluatedKey } = await client.send(
      new QueryCommand({
        TableName: tableName,
        IndexName: sagaTable.runningIndex,
        KeyConditionExpression: '#key = :key AND #overdueAt <= :by',
        ExpressionAttributeNames: {
          '#key': sagaTable.runningKey,
          '#overdueAt': sagaTable.overdueAt,
        },
        ExpressionAttributeValues: { ':key': { S: key }, ':by': { N: String(overdueBy) } },
        ExclusiveStartKey,
      }),
    );
    yield Items.map((item) => rowToSagaSummary(toRow(item)));
    ExclusiveStartKey = LastEvaluatedKey;
  } while (ExclusiveStartKey !== undefined);
}

/** What looking for overdue sagas takes. */
export interface OverduePorts {
  readonly running: RunningSagas;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: InboxMetricsSink;
  readonly dimensions: Dimensions;
}

/** Overdue sagas that are named in the log. */
const named = 10;

/** Counts the sagas of a definition that should have finished, or been undone, and have not; and names the first. */
export async function reportOverdue(saga: string, ports: OverduePorts): Promise<number> {
  const overdue: SagaSummary[] = [];
  for await (const part of ports.running.list(saga, ports.clock.now())) overdue.push(...part);
  const { metrics, log } = ports;
  addDimensions(metrics, ports.dimensions);
  metrics.addMetric(sagaMetrics.overdue, 'Count', overdue.length);
  metrics.publishStoredMetrics();
  for (const one of overdue.toSorted((a, b) => a.overdueAt - b.overdueAt).slice(0, named)) {
    log.warn('saga is overdue: see outbox saga show', { ...one });
  }
  return overdue.length;
}
