import { GetItemCommand } from '@aws-sdk/client-dynamodb';

import { rowToSaga, sagaKey, type SagaRecord, type SagaSummary } from '../table/saga.ts';
import { toItemKey, toRow } from '../dynamodb/item.ts';
import { createRunningSagas } from '../saga/running-sagas.ts';
import type { Clients } from './aws/clients.ts';
import type { SagaPlace } from './aws/find-saga.ts';

type Database = Pick<Clients, 'dynamodb'>;

/** The sagas of a definition that have not finished, those that are overdue longest first; eventually consistent. */
export async function readRunning(
  { sagaName, tableName }: SagaPlace,
  { dynamodb }: Database,
): Promise<SagaSummary[]> {
  const index = createRunningSagas(dynamodb, tableName);
  const running: SagaSummary[] = [];
  for await (const part of index.list(sagaName, Number.MAX_SAFE_INTEGER)) running.push(...part);
  return running.toSorted((a, b) => a.overdueAt - b.overdueAt);
}

/** One saga, whether it has finished or not. Read consistently. */
export async function readSaga(
  key: string,
  { sagaName: saga, tableName }: SagaPlace,
  { dynamodb }: Database,
): Promise<SagaRecord | undefined> {
  const Key = toItemKey(sagaKey({ saga, key }));
  const { Item } = await dynamodb.send(
    new GetItemCommand({ TableName: tableName, Key, ConsistentRead: true }),
  );
  return Item && rowToSaga(toRow(Item));
}
