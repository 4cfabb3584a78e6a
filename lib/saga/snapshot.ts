import type { SagaStatus } from '../table/saga.ts';

/** A saga at one moment, as far as what it does next depends on it. */
export interface SagaSnapshot<State = unknown> {
  readonly key: string;
  readonly status: SagaStatus;
  /** Counts its changes, from 1. */
  readonly revision: number;
  readonly state: State;
  /** Deadlines that are set, by name. */
  readonly deadlines: Readonly<Record<string, PendingDeadline>>;
  /** What undoes what was done, in the order in which it was done. */
  readonly compensations: readonly Compensation[];
  /** The type of event that confirms the compensation under way. */
  readonly awaiting?: string;
  /** The compensation under way, where it must be confirmed. */
  readonly undoing?: Compensation;
  /** Why it is, or was, compensated. */
  readonly reason?: string;
}

/** What tells a deadline that is set from all others: of other sagas of that key and name, and of earlier ones. */
export interface PendingDeadline {
  /** Revision of the saga that set it. */
  readonly revision: number;
  /** Id of the event that brings it. @default - it was not written yet */
  readonly eventId?: string;
}

/** How to undo one thing, as it was asked for when the thing was done. */
export interface Compensation {
  readonly name: string;
  readonly argument?: unknown;
}
