import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, paginateQuery } from '@aws-sdk/lib-dynamodb';
import type { ReconciliationWindow } from 'cdk-outbox/runtime';

import { byDay, dayOf, fromRow, isoOf, type Order, type OrderRow } from './order.ts';

const documents = DynamoDBDocumentClient.from(new DynamoDBClient());
const dayMs = 86_400_000;

/** The orders that were placed in a window, by time. What the index does not show yet, the next run finds. */
export async function* ordersBetween({ from, to }: ReconciliationWindow): AsyncIterable<Order> {
  for (const day of daysBetween(from, to)) {
    const pages = paginateQuery(
      { client: documents },
      {
        TableName: process.env['ORDERS_TABLE'],
        IndexName: byDay.indexName,
        KeyConditionExpression: '#day = :day AND #time BETWEEN :from AND :to',
        ExpressionAttributeNames: { '#day': byDay.partitionKey, '#time': byDay.sortKey },
        ExpressionAttributeValues: { ':day': day, ':from': isoOf(from), ':to': isoOf(to) },
      },
    );
    for await (const { Items = [] } of pages) {
      for (const row of Items) yield fromRow(row as OrderRow);
    }
  }
}

function daysBetween(from: number, to: number): string[] {
  const days = new Set([dayOf(to)]);
  for (let time = from; time < to; time += dayMs) days.add(dayOf(time));
  return [...days].toSorted();
}
