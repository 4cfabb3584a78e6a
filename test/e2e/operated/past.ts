import { DeleteCommand } from '@aws-sdk/lib-dynamodb';

import { pageAfter, pageOf } from '../../../lib/table/keys.ts';
import { watermarkKey } from '../../../lib/table/sweep-notes.ts';
import { createDynamoDBSweepStore } from '../../../lib/dynamodb/sweep-store.ts';
import { newId } from '../../../lib/core/system.ts';
import type { OperatedOutbox } from './outbox.ts';

const agoMs = 5 * 60_000;

/** The id of an event that the sweeper need not leave to the relay any more. */
export function idOfThePast(): string {
  return newId(Date.now() - agoMs);
}

/** As if the sweeper had been off since before the events of {@link idOfThePast}. */
export async function sweeperWasOff({ clients, table, shards }: OperatedOutbox): Promise<void> {
  const store = createDynamoDBSweepStore({ client: clients.tables, tableName: table, shards });
  await clients.documents.send(
    new DeleteCommand({ TableName: table, Key: { ...watermarkKey('missed') } }),
  );
  await store.advanceWatermark('missed', pageAfter(pageOf(Date.now() - agoMs), -1), shards);
}
