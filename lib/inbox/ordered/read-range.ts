import { QueryCommand } from '@aws-sdk/client-dynamodb';

import type { Row } from '../../table/entry.ts';
import { inboxTable } from '../../table/inbox-rows.ts';
import { toRow, type Item, type ItemClient } from '../../dynamodb/item.ts';

/** Rows of one partition by their sort keys, both ends included, from the first on. */
export interface Range {
  readonly pk: string;
  readonly from: string;
  readonly to: string;
  /** The most rows that are read. */
  readonly limit: number;
}

/** Reads a range of a table, consistently: what is passed over must not have come a moment ago. */
export type ReadRange = (tableName: string, range: Range) => Promise<Row[]>;

/** Reads from DynamoDB, page by page until there are as many rows as asked for. */
export function readRangeWith(client: ItemClient): ReadRange {
  return async (tableName, { pk, from, to, limit }) => {
    const rows: Row[] = [];
    let start: Item | undefined;
    do {
      const page = await client.send(
        new QueryCommand({
          TableName: tableName,
          KeyConditionExpression: '#pk = :pk AND #sk BETWEEN :from AND :to',
          ExpressionAttributeNames: { '#pk': inboxTable.pk, '#sk': inboxTable.sk },
          ExpressionAttributeValues: { ':pk': { S: pk }, ':from': { S: from }, ':to': { S: to } },
          ConsistentRead: true,
          Limit: limit - rows.length,
          ...(start === undefined ? {} : { ExclusiveStartKey: start }),
        }),
      );
      rows.push(...(page.Items ?? []).map(toRow));
      start = page.LastEvaluatedKey;
    } while (start !== undefined && rows.length < limit);
    return rows;
  };
}
