import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, GetCommand } from '@aws-sdk/lib-dynamodb';
import type { InboxTransaction } from 'cdk-outbox/runtime';

const documents = DynamoDBDocumentClient.from(new DynamoDBClient());
const stockTable = process.env['STOCK_TABLE'];

/** What is set aside for an order. */
export interface Reservation {
  readonly orderId: string;
  readonly sku: string;
  readonly quantity: number;
}

/** How many of a product are not reserved. */
export async function countAvailable(sku: string): Promise<number> {
  const product = await read(sku);
  return Number(product?.['available'] ?? 0);
}

/** What is set aside for an order, if anything. */
export async function findReservation(orderId: string): Promise<Reservation | undefined> {
  return (await read(reservationId(orderId))) as Reservation | undefined;
}

/** Sets aside what is free. If others were quicker, the message is redelivered, and finds less. */
export function reserve(reservation: Reservation, tx: InboxTransaction): void {
  const { orderId, sku, quantity } = reservation;
  tx.update({
    TableName: stockTable,
    Key: { id: sku },
    UpdateExpression: 'ADD available :fewer, reserved :quantity',
    ConditionExpression: 'available >= :quantity',
    ExpressionAttributeValues: { ':fewer': -quantity, ':quantity': quantity },
  });
  tx.put({ TableName: stockTable, Item: { id: reservationId(orderId), ...reservation } });
}

/** Undoes {@link reserve}. */
export function release({ orderId, sku, quantity }: Reservation, tx: InboxTransaction): void {
  tx.update({
    TableName: stockTable,
    Key: { id: sku },
    UpdateExpression: 'ADD available :quantity, reserved :fewer',
    ExpressionAttributeValues: { ':fewer': -quantity, ':quantity': quantity },
  });
  tx.delete({
    TableName: stockTable,
    Key: { id: reservationId(orderId) },
    ConditionExpression: 'attribute_exists(id)',
  });
}

async function read(id: string): Promise<Record<string, unknown> | undefined> {
  const { Item } = await documents.send(
    new GetCommand({ TableName: stockTable, Key: { id }, ConsistentRead: true }),
  );
  return Item;
}

function reservationId(orderId: string): string {
  return `reservation/${orderId}`;
}
