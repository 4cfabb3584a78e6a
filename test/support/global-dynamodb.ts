import type { TestProject } from 'vitest/node';

import { startDynamoDBLocal } from './dynamodb-local.ts';

declare module 'vitest' {
  interface ProvidedContext {
    dynamoDBEndpoint: string;
  }
}

/** One DynamoDB Local for the whole run; each test makes tables of its own. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const local = await startDynamoDBLocal();
  project.provide('dynamoDBEndpoint', local.endpoint);
  return () => local.stop();
}
