// What a service's tests import as `cdk-outbox/testing`.

// A service's handlers
export { testInbox, testOutbox } from './testing/service-test.ts';
export type {
  DeliveryReport,
  InboxTest,
  OutboxTest,
  Recorded,
  RecordedEvent,
  RecordedLog,
  TestedHandler,
  TestOptions,
} from './testing/service-test.ts';

// DynamoDB Local
export { tableSchemas, testEnvironment } from './testing/local-tables.ts';
export type { LocalTables, TableSchema } from './testing/local-tables.ts';

// Messages for consumers
export { messageOf } from './testing/sqs-events.ts';
export type { MessageOptions } from './testing/sqs-events.ts';
export { sqsEventOf, toSqsEvent } from './testing/sqs-events.ts';
export type {
  Envelope,
  LambdaSqsEvent,
  LambdaSqsRecord,
  SqsEventOptions,
} from './testing/sqs-events.ts';
export type { Message } from './table/message.ts';

// A database for producers and handlers
export { createMemoryTransactor } from './testing/memory-transactor.ts';
export type { MemoryTables, MemoryTransactor } from './testing/memory-transactor.ts';
export { createMemoryRunningSagas } from './testing/memory-running-sagas.ts';
export { createMemoryTable } from './testing/memory-table.ts';
export type { MemoryTable } from './testing/memory-table.ts';

// The outbox itself, step by step
export { createMemoryStore } from '../test/support/memory/store.ts';
export type { MemoryStore } from '../test/support/memory/store.ts';
export { createVirtualClock } from './testing/virtual-clock.ts';
export type { VirtualClock } from './testing/virtual-clock.ts';
export { createStreamTrigger } from '../test/support/stream-trigger.ts';
export type {
  StreamFunction,
  StreamTrigger,
  StreamTriggerSettings,
} from '../test/support/stream-trigger.ts';
