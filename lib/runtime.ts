// What a service's own functions import as `cdk-outbox/runtime`.
export { OutboxError } from './contract/error.ts';
export type { ErrorFacts, OutboxErrorCode } from './contract/error.ts';
