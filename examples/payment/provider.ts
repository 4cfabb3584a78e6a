import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';

import { ProviderAnswer, type ProviderRequest } from '../provider/contract.ts';

const functions = new LambdaClient();
const attempts = 3;

/**
 * Asks the payment provider, and again where no answer comes: the key makes that harmless.
 *
 * Throws where none came at all. Then the provider may have done it or not.
 */
export async function askProvider(request: ProviderRequest): Promise<ProviderAnswer> {
  for (let attempt = 1; attempt <= attempts; attempt += 1) {
    const answer = await ask(request);
    if (answer !== undefined) return answer;
  }
  throw new Error(`the provider gave no answer about ${request.reference}`);
}

async function ask(request: ProviderRequest): Promise<ProviderAnswer | undefined> {
  const { FunctionError, Payload } = await functions.send(
    new InvokeCommand({
      FunctionName: process.env['PROVIDER_FUNCTION'],
      Payload: JSON.stringify(request),
    }),
  );
  if (FunctionError !== undefined) return undefined;
  return ProviderAnswer.parse(JSON.parse(Buffer.from(Payload ?? []).toString()));
}
