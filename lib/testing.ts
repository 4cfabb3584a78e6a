// What a service's tests import as `cdk-outbox/testing`.

// Messages for consumers
export { messageOf } from './testing/builders.ts';
export type { MessageOptions } from './testing/builders.ts';
export { sqsEventOf } from './testing/sqs-events.ts';
export type {
  Envelope,
  LambdaSqsEvent,
  LambdaSqsRecord,
  SqsEventOptions,
} from './testing/sqs-events.ts';
export type { Message } from './contract/message.ts';

// A database for producers and handlers
export { createMemoryTransactor } from './testing/memory-transactor.ts';
export type { MemoryTables, MemoryTransactor } from './testing/memory-transactor.ts';
export { createMemoryTable } from './testing/memory-table.ts';
export type { MemoryTable } from './testing/memory-table.ts';
