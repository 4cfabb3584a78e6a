import type { StandardSchemaV1 } from '@standard-schema/spec';

import type { OutboxEvent } from '../events/event.ts';
import type { Action } from '../dynamodb/transactor.ts';
import type { Delay } from './delay.ts';

/** The compensations of a definition by name: the schema of the argument, or `undefined` where it takes none. */
export type Compensations = Readonly<Record<string, StandardSchemaV1 | undefined>>;

/**
 * What a handler may do to its saga. All of it is committed together with the memory of the event, or none.
 *
 * Names of deadlines and compensations are those that the definition declares before the handler.
 */
export interface SagaStep<
  State,
  Deadline extends string = string,
  Known extends object = Compensations,
> extends CompensatingStep<State> {
  /**
   * Has the saga's `onDeadline` of that name called after so long, counted from now, unless it is cancelled or
   * the saga ends before. Setting one that is set moves it.
   *
   * It is a deferred event: it comes up to a minute late, never early.
   */
  deadline(name: Deadline, after: Delay): void;
  /** Takes a deadline back. One that is not set is none. */
  cancelDeadline(name: Deadline): void;
  /**
   * Says how to undo what is being done, should the saga be compensated: the compensation of that name, with
   * that argument, as JSON holds it. Ask for it with the command whose effect it undoes, not with the answer: an
   * answer may never come.
   *
   * Limit: 30 are kept, since all of them may be undone in one transaction of 100 actions: three each, a command with its
   * sequence and a write, and eight more.
   *
   * @throws OutboxError `SAGA_INVALID` where the argument does not fit its schema
   */
  compensateWith<Name extends keyof Known & string>(
    name: Name,
    ...argument: ArgumentOf<Known[Name]>
  ): void;
  /** Ends the saga by undoing what was done, last things first. */
  compensate(reason: string): void;
  /** Ends the saga: all is done. */
  complete(): void;
}

type ArgumentOf<Schema> = Schema extends StandardSchemaV1
  ? [argument: StandardSchemaV1.InferInput<Schema>]
  : undefined extends Schema
    ? [argument?: undefined]
    : [];

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
