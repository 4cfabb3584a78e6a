import { PutItemCommand } from '@aws-sdk/client-dynamodb';

import { auditKey, auditToRows, rowToAudit } from '../table/audit.ts';
import { rowToSweep, sweepKeys, sweepToRow } from '../table/sweep-report.ts';
import type { Records } from '../table/sweep-store.ts';
import { toItem, toRow } from './item.ts';
import type { OutboxTable } from './outbox-table.ts';
import { ask, queryAll } from './query.ts';

/** What was done, for people to read. */
export function createRecords(table: OutboxTable): Records {
  const { client, tableName } = table;
  return {
    noteSweep: async (report) => {
      await client.send(
        new PutItemCommand({ TableName: tableName, Item: toItem(sweepToRow(report)) }),
      );
    },
    readSweeps: async (limit) => {
      const { pk, from, to } = sweepKeys();
      const { Items = [] } = await ask(table, {
        KeyConditionExpression: 'pk = :pk AND sk BETWEEN :from AND :to',
        ExpressionAttributeValues: { ':pk': { S: pk }, ':from': { S: from }, ':to': { S: to } },
        ScanIndexForward: false,
        Limit: limit,
      });
      return Items.map((item) => rowToSweep(toRow(item)));
    },
    // One by one: an operator's right to put in batches would be a right to delete what is on the record.
    noteAudit: async (note) => {
      for (const row of auditToRows(note)) {
        await client.send(new PutItemCommand({ TableName: tableName, Item: toItem(row) }));
      }
    },
    readAudit: async (of) => {
      const items = await queryAll(table, {
        KeyConditionExpression: 'pk = :pk',
        ExpressionAttributeValues: { ':pk': { S: auditKey(of) } },
      });
      return items.map((item) => rowToAudit(toRow(item)));
    },
  };
}
