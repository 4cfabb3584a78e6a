// What a service's own functions import as `cdk-outbox/runtime`.
export { OutboxError } from './contract/error.ts';
export type { ErrorFacts, OutboxErrorCode } from './contract/error.ts';

// Events
export { defineEvent } from './runtime/event/define-event.ts';
export type { DefineEventOptions } from './runtime/event/define-event.ts';
export type { ValidationDetail } from './runtime/event/schema-issues.ts';
export type {
  EventContract,
  EventDefinition,
  EventOptions,
  OutboxEvent,
} from './runtime/event/event.ts';
export type { ParsedJson, Upcasts } from './runtime/event/upcast.ts';

// Writing
export { createOutbox } from './runtime/write/outbox.ts';
export type {
  Outbox,
  OutboxOptions,
  PrepareOptions,
  WriteRequest,
  WriteResult,
} from './runtime/write/outbox.ts';
export type { Environment } from './contract/read-environment.ts';
export type { EnvironmentOptions } from './runtime/settings.ts';
export type { Cancel, Cancellation } from './runtime/write/cancel.ts';
export type { WrittenEvent } from './runtime/write/prepare.ts';
export type {
  Action,
  CancellationReason,
  SingleAction,
  TransactionResult,
  Transactor,
} from './runtime/transaction/transactor.ts';
export type { Row } from './contract/entry.ts';
export type { Clock, Log, LogFields, Random } from './runtime/ports.ts';

// Context
export { contextFromHeaders, currentContext, withContext } from './runtime/context.ts';
export type { RequestHeaders } from './runtime/context.ts';
export type { EventContext } from './contract/entry.ts';
export type { TraceContext } from './contract/trace-context.ts';
export type { TraceSource } from './runtime/trace.ts';

// Sagas
export { defineSaga } from './runtime/saga/define-saga.ts';
export type {
  DefinedSaga,
  EventKey,
  SagaDefinition,
  SagaOptions,
} from './runtime/saga/definition.ts';
export { createSaga } from './runtime/saga/create-saga.ts';
export type { SagaFunction, SagaRunOptions } from './runtime/saga/create-saga.ts';
export type { CompensatingStep, Compensations, LateStep, SagaStep } from './runtime/saga/step.ts';
export type { Delay } from './runtime/saga/delay.ts';
export type { Compensation, PendingDeadline, SagaSnapshot } from './runtime/saga/snapshot.ts';
export type { SagaOutcome, SagaTransition } from './runtime/saga/outcome.ts';
export type { KeyOf, SagaEvent, SagaParts, UnknownSaga } from './runtime/saga/parts.ts';
export type { RunningSagas } from './runtime/saga/running-sagas.ts';
export type { SagaCheck, SagaStatus, SagaSummary } from './contract/saga.ts';

// Consuming
export { createInbox } from './runtime/inbox/inbox.ts';
export type { Inbox, TransactionOptions } from './runtime/inbox/inbox.ts';
export type { InboxOptions } from './runtime/inbox/options.ts';
export type { InboxMetricsSink } from './runtime/inbox/metrics.ts';
export type { SqsSender } from './runtime/inbox/dead-letter.ts';
export type { InboxMessage, MessageOf } from './runtime/inbox/message.ts';
export type {
  LeaseHandler,
  LeaseOptions,
  LeaseTransaction,
} from './runtime/inbox/lease/lease-way.ts';
export type { InboxTransaction } from './runtime/inbox/collect.ts';
export type { MessageLog } from './runtime/inbox/log.ts';
export type { MessageHandler } from './runtime/inbox/way.ts';
export { reject } from './runtime/inbox/reject.ts';
export { deadLetterAttributes } from './runtime/inbox/dead-letter-request.ts';
export type { InvocationContext } from './runtime/inbox/deadline.ts';
export type {
  SqsBatchResponse,
  SqsEvent,
  SqsMessageAttribute,
  SqsRecord,
  SqsRecordAttributes,
} from './runtime/inbox/sqs-event.ts';

// Reconciliation
export { createReconciliation } from './runtime/reconcile/reconciliation.ts';
export type { Reconciliation } from './runtime/reconcile/reconciliation.ts';
export type { ReconciliationOptions } from './runtime/reconcile/options.ts';
export type { ReconciliationRequest, ReconciliationWindow } from './runtime/reconcile/window.ts';
export type {
  MissingEvent,
  ReconciliationReport,
  UnknownDelivery,
} from './runtime/reconcile/report.ts';
export type { ReconciliationMode } from './contract/reconciliation.ts';
