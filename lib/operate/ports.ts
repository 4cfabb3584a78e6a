import type { Clock, NewId } from '../core/ports.ts';
import type { OperateStore } from '../table/stores.ts';

/** What an operator's work needs of the world. */
export interface OperatePorts {
  readonly store: OperateStore;
  readonly clock: Clock;
  readonly newId: NewId;
  /** How long entries and receipts are kept. */
  readonly retentionMs: number;
  /** Where the outbox is archived to. @default - it is not */
  readonly archive?: string;
}

/** Who does something to entries, and why: it goes on the record. */
export interface Operator {
  readonly by: string;
  readonly reason: string;
}
