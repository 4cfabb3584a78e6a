import type { OutboxEvent } from '../event/event.ts';
import type { Action } from '../transaction/transactor.ts';
import type { Delay } from './delay.ts';

/** What a handler may do to its saga. All of it is committed together with the memory of the event, or none. */
export interface SagaStep<State> extends CompensatingStep<State> {
  /**
   * Has the saga's `onDeadline` of that name called after so long, counted from now, unless it is cancelled or
   * the saga ends before. Setting one that is set moves it.
   *
   * It is a deferred event: it comes up to a minute late, never early.
   */
  deadline(name: string, after: Delay): void;
  /** Takes a deadline back. One that is not set is none. */
  cancelDeadline(name: string): void;
  /**
   * Says how to undo what is being done, should the saga be compensated: the compensation of that name, with
   * that argument, as JSON holds it. Ask for it with the command whose effect it undoes, not with the answer: an
   * answer may never come.
   *
   * Limit: 30 are kept, since all of them may be undone in one transaction of 100 actions: three each, a command with its
   * sequence and a write, and eight more.
   */
  compensateWith(name: string, argument?: unknown): void;
  /** Ends the saga by undoing what was done, last things first. */
  compensate(reason: string): void;
  /** Ends the saga: all is done. */
  complete(): void;
}

/** What a compensation may do. */
export interface CompensatingStep<State> extends LateStep<State> {
  /** Replaces the state, by what JSON holds of it. */
  set(state: State): void;
}

/** What may be done for a saga that has ended. */
export interface LateStep<State> {
  /** What tells the saga from others of its definition. */
  readonly key: string;
  readonly state: State;
  /** Why the saga is, or was, compensated. */
  readonly reason: string | undefined;
  /** Events, such as commands to other services, that exist if and only if the rest is committed. */
  emit(...events: OutboxEvent[]): void;
  /** A put, update, delete or condition check of your own, in the document client's shape. */
  write(action: Action): void;
}
