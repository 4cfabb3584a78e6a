import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, paginateQuery } from '@aws-sdk/lib-dynamodb';
import type { ReconciliationWindow } from 'cdk-outbox/runtime';

import { byDay, dayOf, fromRow, isoOf, type Order, type OrderRow } from './order.ts';

const documents = DynamoDBDocumentClient.from(new DynamoDBClient());
const dayMs = 86_400_000;

/** The orders that were placed in a window, by time. What the index does not show yet, the next run finds. */
export async function* ordersBetween({ since, until }: ReconciliationWindow): AsyncIterable<Order> {
  // The end is not part of a window, and DynamoDB's BETWEEN takes both ends in.
  const last = until - 1;
  for (const day of daysBetween(since, last)) {
    const pages = paginateQuery(
      { client: documents },
      {
        TableName: process.env['ORDERS_TABLE'],
        IndexName: byDay.indexName,
        KeyConditionExpression: '#day = :day AND #time BETWEEN :from AND :last',
        ExpressionAttributeNames: { '#day': byDay.partitionKey, '#time': byDay.sortKey },
        ExpressionAttributeValues: { ':day': day, ':from': isoOf(since), ':last': isoOf(last) },
      },
    );
    for await (const { Items = [] } of pages) {
      for (const row of Items) yield fromRow(row as OrderRow);
    }
  }
}

function daysBetween(first: number, last: number): string[] {
  const days = new Set([dayOf(last)]);
  for (let time = first; time < last; time += dayMs) days.add(dayOf(time));
  return [...days].toSorted();
}
