// Constructs: what a CDK app imports as `cdk-outbox`.
export { Destination } from './constructs/outbox/destination.ts';
export type { DestinationOptions } from './constructs/outbox/destination.ts';
export { Outbox } from './constructs/outbox/outbox.ts';
export type { IOutbox } from './constructs/outbox/outbox.ts';
export type { OutboxProps } from './constructs/outbox/props.ts';
export type { ArchiveProps } from './constructs/archive/props.ts';
export { Inbox } from './constructs/inbox/inbox.ts';
export type { InboxProps, OrderedProps } from './constructs/inbox/props.ts';
export { Saga } from './constructs/saga/saga.ts';
export type { SagaProps } from './constructs/saga/saga.ts';
export { Reconciliation } from './constructs/reconciliation/reconciliation.ts';
export type { ReconciliationProps } from './constructs/reconciliation/reconciliation.ts';
