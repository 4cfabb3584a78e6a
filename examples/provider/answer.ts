import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';

import { chargeOnce, refundOnce, type ChargesTable } from './charges.ts';
import { ProviderAnswer, ProviderRequest } from './contract.ts';
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
  if (request.do === 'charge') return charge(request);
  return ProviderAnswer.parse(await refundOnce(table, request));
}

async function charge(request: ProviderRequest & { do: 'charge' }): Promise<ProviderAnswer> {
  const { key, amount, card, notify } = request;
  const wanted = card === testCards.refused ? 0 : amount;
  const done = await chargeOnce(table, request, wanted);
  const answer = ProviderAnswer.parse(done);
  if (card === testCards.answersTwice) await tell(notify, answer);
  const isLost =
    card === testCards.silent || (card === testCards.firstAnswerLost && done.asked === 1);
  // After it was charged: the caller cannot know.
  if (isLost) throw new Error(`the answer for ${key} is lost`);
  return answer;
}

async function tell(FunctionName: string, answer: ProviderAnswer): Promise<void> {
  await functions.send(
    new InvokeCommand({ FunctionName, InvocationType: 'Event', Payload: JSON.stringify(answer) }),
  );
}
