import { setTimeout as delay } from 'node:timers/promises';

import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';

/** Answers inside the process, so that what is measured is our own work and the SDK's. */
export interface Stub {
  readonly eventBridge: EventBridgeClient;
  readonly dynamoDB: DynamoDBClient;
  /** Calls so far, by operation. */
  readonly calls: ReadonlyMap<string, number>;
}

export interface StubOptions {
  /** What is answered by operation: an object, or its JSON. @default - events are accepted, all else is empty */
  readonly answers?: Readonly<Record<string, (body: string) => object | Uint8Array>>;
  /** How long an operation takes, in milliseconds. @default - none takes any time */
  readonly latency?: (operation: string) => number;
}

/** What calls take in a region, about. */
export const assumedMs = { table: 5, bus: 25 } as const;

export function assumedLatency(operation: string): number {
  return operation === 'PutEvents' ? assumedMs.bus : assumedMs.table;
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

export function createStub({ answers = {}, latency }: StubOptions = {}): Stub {
  const calls = new Map<string, number>();
  const known: StubOptions['answers'] = { PutEvents: acceptAll, ...answers };
  const requestHandler = {
    handle: async ({ headers, body }: Request) => {
      const operation = (headers['x-amz-target'] ?? '').split('.').at(-1) ?? '';
      calls.set(operation, (calls.get(operation) ?? 0) + 1);
      if (latency !== undefined) await delay(latency(operation));
      return { response: toResponse(known[operation]?.(textOf(body)) ?? {}) };
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

function toResponse(answer: object | Uint8Array): Response {
  return {
    statusCode: 200,
    headers: { 'content-type': 'application/x-amz-json-1.1' },
    body: answer instanceof Uint8Array ? answer : new TextEncoder().encode(JSON.stringify(answer)),
  };
}

function textOf(body: unknown): string {
  return body instanceof Uint8Array ? new TextDecoder().decode(body) : String(body);
}

function acceptAll(body: string): object {
  const { Entries } = JSON.parse(body) as { Entries: unknown[] };
  return { FailedEntryCount: 0, Entries: Entries.map((_, index) => ({ EventId: `id-${index}` })) };
}
