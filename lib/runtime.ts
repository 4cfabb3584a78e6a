// What a service's own functions import as `cdk-outbox/runtime`.
export { OutboxError } from './core/errors.ts';
export type { ErrorDetails as ErrorFacts, OutboxErrorCode } from './core/errors.ts';

// Events
export { defineEvent } from './events/define-event.ts';
export type { DefineEventOptions } from './events/define-event.ts';
export type { ValidationDetail } from './events/schema-issues.ts';
export type { EventContract, EventDefinition, EventOptions, OutboxEvent } from './events/event.ts';
export type { ParsedJson, Upcasts } from './events/event.ts';

// Writing
export { createOutbox } from './outbox/outbox.ts';
export type {
  OutboxClient as Outbox,
  OutboxOptions,
  PrepareOptions,
  WriteRequest,
  WriteResult,
} from './outbox/outbox.ts';
export type { Environment } from './core/environment.ts';
export type { EnvironmentOptions } from './outbox/settings.ts';
export type { Cancel, Cancellation } from './outbox/cancel.ts';
export type { WrittenEvent } from './outbox/prepare.ts';
export type {
  TransactItem as Action,
  CancellationReason,
  SingleAction,
  TransactionResult,
  Transactor,
} from './dynamodb/actions.ts';
export type { Row } from './table/entry.ts';
export type { Clock, Log, LogFields, Random } from './core/ports.ts';

// Context
export { contextFromHeaders, currentContext, withContext } from './events/context.ts';
export type { RequestHeaders } from './events/context.ts';
export type { EventContext } from './table/entry.ts';
export type { TraceContext } from './table/message.ts';
export type { TraceSource } from './events/trace.ts';

// Sagas
export { defineSaga } from './saga/define-saga.ts';
export type { DefinedSaga, EventKey, SagaDefinition, SagaOptions } from './saga/definition.ts';
export { createSaga } from './saga/create-saga.ts';
export type { SagaFunction, SagaRunOptions } from './saga/create-saga.ts';
export type {
  CompensatingSaga as CompensatingStep,
  Compensations,
  EndedSaga as LateStep,
  RunningSaga as SagaStep,
} from './saga/step.ts';
export type { Duration as Delay } from './saga/step.ts';
export type { Compensation, PendingDeadline, SagaSnapshot } from './saga/step.ts';
export type { SagaOutcome, SagaTransition } from './saga/step.ts';
export type { KeyOf, SagaEvent, SagaParts, WhenNotFound } from './saga/step.ts';
export type { RunningSagas } from './saga/running-sagas.ts';
export type { SagaCheck, SagaStatus, SagaSummary } from './table/saga.ts';

// Consuming
export { createInbox } from './inbox/inbox.ts';
export type { InboxHandler as Inbox, TransactionOptions } from './inbox/inbox.ts';
export type { InboxOptions } from './inbox/options.ts';
export type { InboxMetricsSink } from './inbox/log.ts';
export type { SqsSender } from './inbox/dead-letter.ts';
export type { InboxMessage, MessageOf } from './inbox/message.ts';
export type { LeaseHandler, LeaseOptions, LeaseTransaction } from './inbox/lease.ts';
export type { InboxTransaction } from './inbox/transaction.ts';
export type { MessageLog } from './inbox/log.ts';
export type { MessageHandler } from './inbox/transaction.ts';
export { reject } from './inbox/message.ts';
export { deadLetterAttributes } from './inbox/dead-letter.ts';
export type { InvocationContext } from './inbox/deadline.ts';
export type {
  SqsBatchResponse,
  SqsEvent,
  SqsMessageAttribute,
  SqsRecord,
  SqsRecordAttributes,
} from './inbox/sqs-event.ts';

// Reconciliation
export { createReconciliation } from './reconciliation/reconciliation.ts';
export type { ReconciliationHandler as Reconciliation } from './reconciliation/reconciliation.ts';
export type { ReconciliationOptions } from './reconciliation/options.ts';
export type { ReconciliationRequest, ReconciliationWindow } from './reconciliation/window.ts';
export type {
  MissingEvent,
  ReconciliationReport,
  UnknownDelivery,
} from './reconciliation/report.ts';
export type { ReconciliationMode } from './table/reconciliation.ts';
