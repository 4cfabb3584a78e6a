import { DynamoDBDocumentClient, ScanCommand } from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';

import type { Row } from '../../lib/table/entry.ts';
import { newId } from '../../lib/core/system.ts';
import { defineEvent } from '../../lib/events/define-event.ts';
import type { OutboxEvent } from '../../lib/events/event.ts';
import type { TransactItem } from '../../lib/dynamodb/actions.ts';
import { createDynamoDBSweepStore } from '../../lib/dynamodb/sweep-store.ts';
import { sweepDue } from '../../lib/sweeper/due.ts';
import type { SweepPorts } from '../../lib/sweeper/ports.ts';
import { openOutbox } from '../../lib/outbox/outbox.ts';
import { createVirtualClock } from '../../lib/testing/virtual-clock.ts';
import { writerConfig } from '../support/orders.ts';
import { createKeyedTable, createOutboxTable, localClient } from '../support/tables.ts';
import { accepts, recordingLog, recordingMeter, scripted, type Script } from '../support/world.ts';

export const now = Date.UTC(2026, 10, 21, 4, 37);
export const minute = 60_000;
export const OrderReminded = defineEvent('order.reminded', {
  aggregateType: 'order',
  schema: z.object({ note: z.string().optional() }),
});

/** A reminder that is due so long after {@link now}. */
export function reminderIn(ms: number, data: { note?: string } = {}): OutboxEvent {
  const due = now + ms;
  return OrderReminded('42', data, { id: newId(due), deliverAt: new Date(due) });
}

/** A service with an outbox on DynamoDB Local, and the sweeper's look at what is due. */
export async function openDeferring() {
  const client = localClient();
  const documents = DynamoDBDocumentClient.from(client);
  const [orders, tableName] = await Promise.all([
    createKeyedTable(client),
    createOutboxTable(client),
  ]);
  const clock = createVirtualClock(now);
  const config = writerConfig(tableName);
  const store = createDynamoDBSweepStore({ client, tableName, shards: config.shards, clock });
  const script: { decide: Script } = { decide: accepts };
  const bus = scripted(script);
  const ports: SweepPorts = {
    ...{ store, destinations: [bus], clock, newId, shards: config.shards, random: () => 0.5 },
    ...{ log: recordingLog(), meter: recordingMeter(), source: 'orders', maxAttempts: 5 },
    retentionMs: config.retentionMs,
  };
  const rowsOf = async (table: string): Promise<Row[]> => {
    const scan = new ScanCommand({ TableName: table, ConsistentRead: true });
    return (await documents.send(scan)).Items ?? [];
  };
  return {
    documents,
    clock,
    store,
    script,
    arrived: bus.arrived,
    tableName,
    outbox: openOutbox(config, { documentClient: documents, clock }),
    sweep: () =>
      sweepDue(ports, {
        deadline: clock.now() + minute,
        ownedUntil: clock.now() + minute,
        holder: newId(clock.now()),
      }),
    putOrder: (id: string): TransactItem => ({
      Put: {
        TableName: orders,
        Item: { pk: id, sk: 'order' },
        ConditionExpression: 'attribute_not_exists(pk)',
      },
    }),
    orderRows: () => rowsOf(orders),
    rows: () => rowsOf(tableName),
  };
}
