import { UpdateCommand, type DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';

import type { ChargeId } from './contract.ts';

/** What the provider knows of a charge, by its key. */
export interface Charge {
  readonly reference: string;
  /** Money that was taken; 0 where the bank refused, or where it was taken back before it was asked for. */
  readonly charged: number;
  readonly refunded: number;
  /** How often it was asked for. */
  readonly asked: number;
}

/** The provider's own table, and how to reach it. */
export interface ChargesTable {
  readonly client: DynamoDBDocumentClient;
  readonly tableName: string | undefined;
}

/** Takes money once for a key, however often it is asked to; never after a refund of the same key. */
export function chargeOnce(table: ChargesTable, charge: ChargeId, amount: number): Promise<Charge> {
  return update(table, charge, {
    expression:
      'charged = if_not_exists(charged, :amount), refunded = if_not_exists(refunded, :none) ADD asked :one',
    values: { ':amount': amount, ':none': 0, ':one': 1 },
  });
}

/** Gives back what was taken for a key, and sees to it that nothing is taken later. */
export function refundOnce(table: ChargesTable, charge: ChargeId): Promise<Charge> {
  return update(table, charge, {
    expression:
      'charged = if_not_exists(charged, :none), refunded = if_not_exists(charged, :none) ADD asked :none',
    values: { ':none': 0 },
  });
}

async function update(
  { client, tableName }: ChargesTable,
  { key, reference }: ChargeId,
  { expression, values }: { expression: string; values: Record<string, number> },
): Promise<Charge> {
  const { Attributes } = await client.send(
    new UpdateCommand({
      TableName: tableName,
      Key: { id: key },
      UpdateExpression: `SET #reference = :reference, ${expression}`,
      ExpressionAttributeNames: { '#reference': 'reference' },
      ExpressionAttributeValues: { ...values, ':reference': reference },
      ReturnValues: 'ALL_NEW',
    }),
  );
  return Attributes as Charge;
}
