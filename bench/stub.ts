import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';

/** Answers at once, inside the process, so that what is measured is our own work and the SDK's. */
export interface Stub {
  readonly eventBridge: EventBridgeClient;
  readonly dynamoDB: DynamoDBClient;
  /** Calls so far, by operation. */
  readonly calls: ReadonlyMap<string, number>;
}

interface Request {
  readonly headers: Record<string, string>;
  readonly body?: unknown;
}

interface Response {
  readonly statusCode: number;
  readonly headers: Record<string, string>;
  readonly body: Uint8Array;
}

export function createStub(): Stub {
  const calls = new Map<string, number>();
  const requestHandler = {
    handle: (request: Request) => {
      const operation = (request.headers['x-amz-target'] ?? '').split('.').at(-1) ?? '';
      calls.set(operation, (calls.get(operation) ?? 0) + 1);
      return Promise.resolve({ response: answerTo(operation, request) });
    },
  };
  const settings = {
    requestHandler,
    region: 'local',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  };
  return {
    eventBridge: new EventBridgeClient(settings),
    dynamoDB: new DynamoDBClient(settings),
    calls,
  };
}

function answerTo(operation: string, { body }: Request): Response {
  const answer = operation === 'PutEvents' ? acceptAll(String(body)) : {};
  return {
    statusCode: 200,
    headers: { 'content-type': 'application/x-amz-json-1.1' },
    body: new TextEncoder().encode(JSON.stringify(answer)),
  };
}

function acceptAll(body: string): object {
  const { Entries } = JSON.parse(body) as { Entries: unknown[] };
  return { FailedEntryCount: 0, Entries: Entries.map((_, index) => ({ EventId: `id-${index}` })) };
}
