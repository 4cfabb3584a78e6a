import type { DynamoDBClient, TableDescription } from '@aws-sdk/client-dynamodb';
import { describe, expect, it } from 'vitest';

import { createSweepNotes } from '../../lib/dynamodb/sweep-store.ts';
import type { OutboxTable } from '../../lib/dynamodb/outbox-table.ts';
import { createOutboxTable, localClient } from '../support/tables.ts';

const notesOf = (client: DynamoDBClient, tableName = 'T') =>
  createSweepNotes({ client, tableName } as OutboxTable);

describe('when a table was made', () => {
  it('is what DynamoDB says', async () => {
    const client = localClient();
    const tableName = await createOutboxTable(client);

    expect(await notesOf(client, tableName).tableCreatedAt()).toBeGreaterThan(Date.UTC(2020));
  });

  it('is not known of one that was restored: it holds what is older than itself', async () => {
    const CreationDateTime = new Date('2026-11-21T04:00:00Z');
    const Table: TableDescription = {
      CreationDateTime,
      RestoreSummary: { RestoreDateTime: CreationDateTime, RestoreInProgress: false },
    };
    const client = { send: () => Promise.resolve({ Table }) } as unknown as DynamoDBClient;

    expect(await notesOf(client).tableCreatedAt()).toBe(0);
  });
});
