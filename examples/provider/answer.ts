import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';

import { chargeOnce, refundOnce, type ChargesTable } from './charges.ts';
import { ProviderRequest, type ProviderAnswer } from './contract.ts';
import { testCards } from './test-cards.ts';

const functions = new LambdaClient();
const table: ChargesTable = {
  client: DynamoDBDocumentClient.from(new DynamoDBClient()),
  tableName: process.env['CHARGES_TABLE'],
};

/**
 * A stand-in for a payment provider: another company, whose table is no part of our transactions.
 *
 * It keeps what real ones promise: a key is charged once. It fails as real ones do, see {@link testCards}.
 */
export async function handler(event: unknown): Promise<ProviderAnswer> {
  const request = ProviderRequest.parse(event);
  return request.do === 'charge' ? charge(request) : refund(request.key);
}

async function refund(key: string): Promise<ProviderAnswer> {
  const { charged, refunded } = await refundOnce(table, key);
  return { key, charged, refunded };
}

async function charge({
  key,
  amount,
  card,
  notify,
}: ProviderRequest & { do: 'charge' }): Promise<ProviderAnswer> {
  const wanted = card === testCards.refused ? 0 : amount;
  const { charged, refunded, asked } = await chargeOnce(table, key, wanted);
  const answer = { key, charged, refunded };
  if (card === testCards.answersTwice) await tell(notify, answer);
  const isLost = card === testCards.silent || (card === testCards.firstAnswerLost && asked === 1);
  // After it was charged: whoever asked cannot know.
  if (isLost) throw new Error(`the answer for ${key} is lost`);
  return answer;
}

async function tell(FunctionName: string, answer: ProviderAnswer): Promise<void> {
  await functions.send(
    new InvokeCommand({ FunctionName, InvocationType: 'Event', Payload: JSON.stringify(answer) }),
  );
}
