import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { SQSClient } from '@aws-sdk/client-sqs';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';

import type { ClientConfig } from './local-aws.ts';

/** The SDK's clients for looking into what was deployed. */
export interface Clients {
  readonly tables: DynamoDBClient;
  readonly documents: DynamoDBDocumentClient;
  readonly queues: SQSClient;
  readonly lambda: LambdaClient;
}

export function createClients(config: ClientConfig): Clients {
  const tables = new DynamoDBClient(config);
  return {
    tables,
    documents: DynamoDBDocumentClient.from(tables),
    // The queue's address must not lead past a local endpoint.
    lambda: new LambdaClient(config),
    queues: new SQSClient({ ...config, useQueueUrlAsEndpoint: config.endpoint === undefined }),
  };
}
