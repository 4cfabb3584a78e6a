import { DynamoDBDocumentClient, GetCommand, ScanCommand } from '@aws-sdk/lib-dynamodb';
import type { OutboxEvent, SqsBatchResponse, SqsEvent } from 'cdk-outbox/runtime';
import { messageOf, sqsEventOf } from 'cdk-outbox/testing';
import { inject, vi } from 'vitest';

import { rowToEntry, type Entry, type Row } from '../../../lib/table/entry.ts';
import {
  inboxToEnvironment,
  writerToEnvironment,
  type InboxConfig,
} from '../../../lib/core/environment.ts';
import { entryPrefix } from '../../../lib/table/keys.ts';
import { createKeyedTable, createOutboxTable } from '../../support/create-tables.ts';
import { localClient } from '../../support/tables.ts';

/** What a service wrote to its outbox. */
export interface Written {
  readonly type: string;
  readonly data: unknown;
}

/** A service of the example on DynamoDB Local. Its functions are to be imported once it is there. */
export interface Service {
  readonly outboxTable: string;
  readonly documents: DynamoDBDocumentClient;
  /** The row of a table that has this id. */
  row(table: string, id: string): Promise<Record<string, unknown> | undefined>;
  rows(table: string): Promise<Record<string, unknown>[]>;
  /** What it wrote about an order, oldest first. */
  written(orderId: string): Promise<Written[]>;
}

const dayMs = 86_400_000;
const writer = { shards: 1, retentionMs: 14 * dayMs, accepts: [{ maxMessageBytes: 1_000_000 }] };
const consumer = { dedupeWindowMs: 30 * dayMs, deadLetterQueueUrl: 'http://127.0.0.1:1/letters' };

/**
 * Makes an outbox and an inbox, and sets what a service's stack tells its functions of: where these are, and what
 * `environment` has beside.
 */
export async function openService(
  name: string,
  environment: Readonly<Record<string, string>>,
  parts: Pick<InboxConfig, 'ordered'> = {},
): Promise<Service> {
  const client = localClient();
  const [outbox, inbox] = await Promise.all([createOutboxTable(client), createKeyedTable(client)]);
  const variables = {
    AWS_ENDPOINT_URL_DYNAMODB: inject('dynamoDBEndpoint'),
    AWS_REGION: 'local',
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
    ...writerToEnvironment({ ...writer, tableName: outbox }, JSON.stringify),
    ...inboxToEnvironment({ ...consumer, name, tableName: inbox, ...parts }),
    ...environment,
  };
  setVariables(variables);
  const documents = DynamoDBDocumentClient.from(client);
  const rows: Service['rows'] = async (TableName) => {
    const { Items = [] } = await documents.send(
      new ScanCommand({ TableName, ConsistentRead: true }),
    );
    return Items;
  };
  return {
    outboxTable: outbox,
    documents,
    rows,
    row: async (TableName, id) => {
      const get = new GetCommand({ TableName, Key: { id }, ConsistentRead: true });
      return (await documents.send(get)).Item;
    },
    written: async (orderId) =>
      (await rows(outbox))
        .filter(({ sk }) => String(sk).startsWith(entryPrefix))
        .map((row) => rowToEntry(row as Row) as Entry)
        .filter(({ aggregate }) => aggregate.endsWith(`/${orderId}`))
        .toSorted((a, b) => (a.id < b.id ? -1 : 1))
        .map(({ type, data }) => ({ type, data: JSON.parse(data) as unknown })),
  };
}

/** Sets environment variables for the functions that are imported afterwards. */
export function setVariables(variables: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value);
}

/** A function that an inbox invokes. */
export type Consumer = (event: SqsEvent) => Promise<SqsBatchResponse>;

/** Delivers messages of these events to a service. Answers with how many go back to its queue. */
export async function deliver(consumer: Consumer, ...events: OutboxEvent[]): Promise<number> {
  const messages = events.map((event) => messageOf(event, { source: 'orders' }));
  const { batchItemFailures } = await consumer(sqsEventOf(messages));
  return batchItemFailures.length;
}
