import type { StandardSchemaV1 } from '@standard-schema/spec';

import type { EventContract } from '../events/event.ts';
import type { ValidationDetail } from '../events/schema-issues.ts';
import type { Upcasts } from '../events/upcast.ts';
import type { InboxMessage, MessageOf } from '../inbox/message.ts';
import type { DeadlineEvent } from './deadline-event.ts';
import type { CompensatingStep, LateStep, SagaStep } from './step.ts';

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

/** What becomes of an event whose saga there is not: it goes back to the queue, or is acknowledged. */
export type UnknownSaga = 'retry' | 'ignore';

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
  readonly starts: ReadonlyMap<string, (saga: SagaStep<State>, event: SagaEvent) => unknown>;
  readonly steps: ReadonlyMap<string, (saga: SagaStep<State>, event: SagaEvent) => unknown>;
  readonly lates: ReadonlyMap<string, (saga: LateStep<State>, event: SagaEvent) => unknown>;
  /** Types whose unknown sagas do not matter. */
  readonly ignored: ReadonlySet<string>;
  readonly deadlines: ReadonlyMap<string, (saga: SagaStep<State>) => unknown>;
  readonly compensations: ReadonlyMap<string, DefinedCompensation<State>>;
}

/** How something is undone, and how it is known to be. */
export interface DefinedCompensation<State> {
  /** What it is told. @default - nothing */
  readonly argument?: StandardSchemaV1;
  readonly handler: (saga: CompensatingStep<State>, argument: unknown) => unknown;
  /** What must come before the next thing is undone. @default - nothing */
  readonly confirmedBy?: DefinedConfirmation;
}

/** A type of event, and which of its events are meant. */
export interface DefinedConfirmation {
  readonly type: string;
  /** @default - all of them */
  readonly when?: (event: SagaEvent, argument: unknown) => unknown;
}
