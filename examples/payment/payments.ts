import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, GetCommand } from '@aws-sdk/lib-dynamodb';
import type { Action, OutboxEvent } from 'cdk-outbox/runtime';

import type { ProviderAnswer } from '../provider/contract.ts';
import { PaymentRefunded, PaymentRefused, PaymentTaken } from '../shared/events.ts';

const documents = DynamoDBDocumentClient.from(new DynamoDBClient());
const paymentsTable = process.env['PAYMENTS_TABLE'];

/** What is written of a payment, and what the others hear of it. */
export interface Note {
  readonly update: NonNullable<Action['Update']>;
  readonly event: OutboxEvent;
}

/** Whether the result of an order's payment is known. */
export async function isKnown(orderId: string): Promise<boolean> {
  const { Item } = await documents.send(
    new GetCommand({ TableName: paymentsTable, Key: { id: orderId }, ConsistentRead: true }),
  );
  return Item !== undefined;
}

/** What follows from the provider's answer to a charge. Only the first answer is noted. */
export function noteOfCharge(answer: ProviderAnswer): Note {
  const { reference: orderId, charged, refunded } = answer;
  const isTaken = charged > refunded;
  const update = updateOf(answer, isTaken ? 'taken' : 'refused');
  return {
    update: { ...update, ConditionExpression: 'attribute_not_exists(id)' },
    event: isTaken
      ? PaymentTaken(orderId, { orderId, amount: charged })
      : PaymentRefused(orderId, { orderId }),
  };
}

/** What follows from the provider's answer to a refund, regardless of what was known before. */
export function noteOfRefund(answer: ProviderAnswer): Note {
  const { reference: orderId, refunded } = answer;
  return {
    update: updateOf(answer, 'refunded'),
    event: PaymentRefunded(orderId, { orderId, refunded }),
  };
}

function updateOf(
  { reference: orderId, charged, refunded }: ProviderAnswer,
  state: string,
): Note['update'] {
  return {
    TableName: paymentsTable,
    Key: { id: orderId },
    UpdateExpression: 'SET #state = :state, charged = :charged, refunded = :refunded',
    ExpressionAttributeNames: { '#state': 'state' },
    ExpressionAttributeValues: { ':state': state, ':charged': charged, ':refunded': refunded },
  };
}
