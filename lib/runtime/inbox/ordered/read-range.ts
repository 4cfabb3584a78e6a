import { QueryCommand, type DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';

import type { Row } from '../../../contract/entry.ts';
import { inboxTable } from '../../../contract/inbox-rows.ts';

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
export function readRangeWith(client: DynamoDBDocumentClient): ReadRange {
  return async (tableName, { pk, from, to, limit }) => {
    const rows: Row[] = [];
    let start: Row | undefined;
    do {
      const page = await client.send(
        new QueryCommand({
          TableName: tableName,
          KeyConditionExpression: '#pk = :pk AND #sk BETWEEN :from AND :to',
          ExpressionAttributeNames: { '#pk': inboxTable.pk, '#sk': inboxTable.sk },
          ExpressionAttributeValues: { ':pk': pk, ':from': from, ':to': to },
          ConsistentRead: true,
          Limit: limit - rows.length,
          ...(start === undefined ? {} : { ExclusiveStartKey: start }),
        }),
      );
      rows.push(...(page.Items ?? []));
      start = page.LastEvaluatedKey;
    } while (start !== undefined && rows.length < limit);
    return rows;
  };
}
