import { inspect } from 'node:util';

import type { StandardSchemaV1 } from '@standard-schema/spec';

import { OutboxError } from '../core/errors.ts';
import type { TransactItem } from '../dynamodb/actions.ts';
import { defineEvent } from '../events/define-event.ts';
import type { EventContract, EventDefinition, OutboxEvent, Upcasts } from '../events/event.ts';
import { NotLosslessError, toLosslessJson } from '../events/lossless-json.ts';
import type { ValidationDetail } from '../events/schema-issues.ts';
import type { InboxMessage, MessageOf } from '../inbox/message.ts';
import { deadlineType, type SagaStatus } from '../table/saga.ts';

/** The compensations of a definition by name: the schema of the argument, or `undefined` where it takes none. */
export type Compensations = Readonly<Record<string, StandardSchemaV1 | undefined>>;

/**
 * What a handler may do to its saga. All of it is committed together with the memory of the event, or none.
 *
 * Names of deadlines and compensations are those that the definition declares before the handler.
 */
export interface RunningSaga<
  State,
  Deadline extends string = string,
  Known extends object = Compensations,
> extends CompensatingSaga<State> {
  /**
   * Has the saga's `onDeadline` of that name called after so long, counted from now, unless it is cancelled or
   * the saga ends before. Setting one that is set moves it.
   *
   * It is a deferred event: it comes up to a minute late, never early.
   */
  setDeadline(name: Deadline, after: Duration): void;
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
  addCompensation<Name extends keyof Known & string>(
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
export interface CompensatingSaga<State> extends EndedSaga<State> {
  /** Replaces the state, by what JSON holds of it. */
  setState(state: State): void;
}

/** What may be done for a saga that has ended. */
export interface EndedSaga<State> {
  /** What tells the saga from others of its definition. */
  readonly key: string;
  readonly state: State;
  /** Why the saga is, or was, compensated. */
  readonly reason: string | undefined;
  /** Events, such as commands to other services, that exist if and only if the rest is committed. */
  emit(...events: OutboxEvent[]): void;
  /** A put, update, delete or condition check of your own, in the document client's shape. */
  write(action: TransactItem): void;
}

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
  readonly compensating?: Compensation;
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
  readonly writes: readonly TransactItem[];
  /** Deadlines to set. Milliseconds from when it is committed. */
  readonly deadlines: readonly { readonly name: string; readonly afterMs: number }[];
  /** Names of deadlines, set before, that shall not come. */
  readonly cancelled: readonly string[];
  /** Names of the compensations that ran, in their order. */
  readonly undone: readonly string[];
}

/**
 * An event as a saga gets it: its data is what the schema made of it. In tests an event that was just made fits too.
 * Where its schema has defaults or changes the data, give it `data: Event.schema.parse(data)`.
 */
export type SagaEvent<Definition extends EventContract = EventContract> = Pick<
  MessageOf<Definition>,
  'id' | 'type' | 'version' | 'data' | 'aggregate'
> & {
  /** Names the replay that delivered it again. */
  readonly replayId?: string;
};

/** How to handle an event whose saga does not exist: return it to the queue, or acknowledge it. */
export type WhenNotFound = 'retry' | 'ignore';

/** Which saga an event is about; `undefined` where the event does not concern a saga. */
export type KeyOf = (event: InboxMessage) => string | undefined;

/** All that a definition says, by what it is for. A handler's result is kept to see that it is no promise. */
export interface SagaParts<State> {
  readonly name: string;
  readonly version: number;
  readonly schema: StandardSchemaV1<unknown, State>;
  readonly upcast: Upcasts;
  readonly validationDetail: ValidationDetail;
  /** The field of the data that holds the key, for events without a key of their own. */
  readonly key: string | undefined;
  /** Keys of their own, by type. */
  readonly keys: ReadonlyMap<string, KeyOf>;
  readonly overdueAfterMs: number;
  readonly startsOnReplay: boolean;
  /** The contract of the event by which its deadlines come. */
  readonly deadline: DeadlineEvent;
  /** All events that it takes, its deadline's not among them, by type. */
  readonly events: ReadonlyMap<string, EventContract>;
  readonly starts: ReadonlyMap<string, (saga: RunningSaga<State>, event: SagaEvent) => unknown>;
  readonly steps: ReadonlyMap<string, (saga: RunningSaga<State>, event: SagaEvent) => unknown>;
  readonly lates: ReadonlyMap<string, (saga: EndedSaga<State>, event: SagaEvent) => unknown>;
  /** Types whose events are acknowledged where no saga is found. */
  readonly ignored: ReadonlySet<string>;
  readonly deadlines: ReadonlyMap<string, (saga: RunningSaga<State>) => unknown>;
  readonly compensations: ReadonlyMap<string, DefinedCompensation<State>>;
}

/** How something is undone, and how it is known to be. */
export interface DefinedCompensation<State> {
  /** What it is told. @default - nothing */
  readonly argument?: StandardSchemaV1;
  readonly handler: (saga: CompensatingSaga<State>, argument: unknown) => unknown;
  /** What must come before the next thing is undone. @default - nothing */
  readonly confirmedBy?: DefinedConfirmation;
}

/** A type of event, and which of its events are meant. */
export interface DefinedConfirmation {
  readonly type: string;
  /** @default - all of them */
  readonly when?: (event: SagaEvent, argument: unknown) => unknown;
}

/** A length of time, the sum of its parts. */
export interface Duration {
  readonly days?: number;
  readonly hours?: number;
  readonly minutes?: number;
  readonly seconds?: number;
}

const unitsMs = { days: 86_400_000, hours: 3_600_000, minutes: 60_000, seconds: 1000 } as const;

/** Milliseconds of a delay. @throws OutboxError `SAGA_INVALID` unless it is a time that passes, of known parts */
export function delayMs(delay: Duration, what: string): number {
  const units: Readonly<Record<string, number>> = unitsMs;
  const parts = Object.entries(delay) as [string, number][];
  const ms = parts.reduce((sum, [unit, count]) => sum + (units[unit] ?? NaN) * count, 0);
  if (Number.isFinite(ms) && ms > 0) return Math.ceil(ms);
  throw new OutboxError(
    'SAGA_INVALID',
    `${what} must be more than no time, in days, hours, minutes and seconds, got ${inspect(delay, { breakLength: Infinity })}`,
    { details: { delay } },
  );
}

/** What the event of a deadline holds. */
export interface DeadlineData {
  readonly name: string;
  /** Revision of the saga that set it: one that was set anew is told from the one before. */
  readonly revision: number;
}

type DeadlineEvent = EventDefinition<string, StandardSchemaV1<DeadlineData>>;

/** The event by which a saga's deadlines come back to it. Its aggregate is the saga itself. */
export function defineDeadline(saga: string): DeadlineEvent {
  return defineEvent(deadlineType(saga), { aggregateType: saga, schema: deadlineSchema });
}

/** The data of an event that a {@link DeadlineEvent} was checked by. */
export function deadlineDataOf({ data }: { readonly data: unknown }): DeadlineData {
  return data as DeadlineData;
}

const deadlineSchema: StandardSchemaV1<DeadlineData> = {
  '~standard': {
    version: 1,
    vendor: 'cdk-outbox',
    validate: (value) => {
      const { name, revision } = (value ?? {}) as Partial<Record<keyof DeadlineData, unknown>>;
      return typeof name === 'string' && typeof revision === 'number'
        ? { value: { name, revision } }
        : { issues: [{ message: 'a deadline has a name and a revision' }] };
    },
  },
};

/** What is wrong with a definition, or with what a handler asks of its saga. */
export function sagaInvalid(saga: string, problem: string): OutboxError {
  return new OutboxError('SAGA_INVALID', `saga ${saga}: ${problem}`, { details: { saga } });
}

/** What a saga keeps, as JSON text. @throws OutboxError `SAGA_INVALID` for a value that JSON would change */
export function toSagaJson(saga: string, value: unknown): string {
  try {
    return toLosslessJson(value);
  } catch (error) {
    if (!(error instanceof NotLosslessError)) throw error;
    throw sagaInvalid(saga, `what it keeps would not be the same after JSON: ${error.message}`);
  }
}
