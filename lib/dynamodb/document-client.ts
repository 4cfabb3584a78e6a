import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';

import { clientTimeouts } from './client-timeouts.ts';

/**
 * The document client that is used where none is given. It leaves out attributes that are `undefined`, and a request
 * that is not answered within five seconds is tried again.
 *
 * @param client what it calls with; a new client of the function's region by default
 */
export function createDocumentClient(
  client = new DynamoDBClient({ requestHandler: clientTimeouts }),
): DynamoDBDocumentClient {
  return DynamoDBDocumentClient.from(client, { marshallOptions: { removeUndefinedValues: true } });
}
