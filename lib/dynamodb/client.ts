import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';

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

/**
 * Time-outs of the AWS clients inside functions. The SDK has none by default: a connection that hangs would cost the
 * whole time of an invocation, and its batch a repetition. The client tries again what timed out.
 */
export const clientTimeouts = {
  connectionTimeout: 1_000,
  requestTimeout: 5_000,
  // Without throwOnRequestTimeout the SDK only warns of a time-out.
  throwOnRequestTimeout: true,
} as const;
