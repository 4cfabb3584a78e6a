import type { OutboxEvent } from '../events/event.ts';
import type { Action } from '../dynamodb/transactor.ts';
import type { SagaSnapshot } from './snapshot.ts';

/**
 * What an event makes of a saga.
 *
 * - `started`, `changed`: the saga as it is by now.
 * - `late`: it has finished, or is being compensated, or the deadline was cancelled or moved.
 * - `ignored`: it is running, and has no answer to such an event; or a replay brings the event, and there is no such
 *   saga, or it may have answered before the dedupe window; or `key` says that the event is none of its affair.
 * - `unknown`: there is no such saga, and the event starts none.
 */
export type SagaOutcome = 'started' | 'changed' | 'late' | 'ignored' | 'unknown';

/** What is to be done because of an event. */
export interface SagaTransition<State = unknown> {
  readonly outcome: SagaOutcome;
  /** The saga after the event; `undefined` where there is none. */
  readonly saga: SagaSnapshot<State> | undefined;
  /** Events in the order in which they were emitted. */
  readonly emits: readonly OutboxEvent[];
  readonly writes: readonly Action[];
  /** Deadlines to set. Milliseconds from when it is committed. */
  readonly deadlines: readonly { readonly name: string; readonly afterMs: number }[];
  /** Names of deadlines, set before, that shall not come. */
  readonly cancelled: readonly string[];
  /** Names of the compensations that ran, in their order. */
  readonly undone: readonly string[];
}
