import type { StandardSchemaV1 } from '@standard-schema/spec';

import type { EventContract } from '../event/event.ts';
import type { ValidationDetail } from '../event/schema-issues.ts';
import type { ParsedJson, Upcasts } from '../event/upcast.ts';
import type { InboxMessage, MessageOf } from '../inbox/message.ts';
import type { DeadlineEvent } from './deadline-event.ts';
import type { CompensatingStep, LateStep, SagaStep } from './step.ts';

/** An event as a saga gets it. An event that was just made fits too, which is handy in tests. */
export type SagaEvent<Definition extends EventContract = EventContract> = Pick<
  MessageOf<Definition>,
  'id' | 'type' | 'version' | 'data' | 'aggregate'
> & {
  /** Names the replay that delivered it again. */
  readonly replayId?: string;
};

/** Answers an event. It is a pure function: it reads nothing but what it is given, and awaits nothing. */
export type SagaHandler<State, Definition extends EventContract = EventContract> = (
  saga: SagaStep<State>,
  event: SagaEvent<Definition>,
) => void;

/** Answers an event that comes too late: it can emit and write, and change nothing of the saga. */
export type LateHandler<State, Definition extends EventContract = EventContract> = (
  saga: LateStep<State>,
  event: SagaEvent<Definition>,
) => void;

/** Answers a deadline that has come. */
export type DeadlineHandler<State> = (saga: SagaStep<State>) => void;

/** Undoes one thing. */
export type CompensationHandler<State> = (
  saga: CompensatingStep<State>,
  argument: ParsedJson,
) => void;

/** An event that confirms a compensation, where not every event of its type does. */
export interface Confirmation<Definition extends EventContract = EventContract> {
  readonly event: Definition;
  /** Whether the event is about what was undone with that argument. A pure function. */
  readonly when: (event: SagaEvent<Definition>, argument: ParsedJson) => boolean;
}

/** What becomes of an event whose saga there is not: it goes back to the queue, or is acknowledged. */
export type UnknownSaga = 'retry' | 'ignore';

/** A handler as it is called: what it should not answer with can be seen. */
type Called<Handler extends (...args: never[]) => void> = (...args: Parameters<Handler>) => unknown;

/** All that a definition says, by what it is for. */
export interface SagaParts<State> {
  readonly name: string;
  readonly version: number;
  readonly schema: StandardSchemaV1<unknown, State> | undefined;
  readonly upcast: Upcasts;
  readonly validationDetail: ValidationDetail;
  readonly key: (event: InboxMessage<ParsedJson>) => string | undefined;
  readonly overdueAfterMs: number;
  readonly startsOnReplay: boolean;
  /** The contract of the event by which its deadlines come. */
  readonly deadline: DeadlineEvent;
  /** All events that it takes, its deadline's not among them, by type. */
  readonly events: ReadonlyMap<string, EventContract>;
  readonly starts: ReadonlyMap<string, Called<SagaHandler<State>>>;
  readonly steps: ReadonlyMap<string, Called<SagaHandler<State>>>;
  readonly lates: ReadonlyMap<string, Called<LateHandler<State>>>;
  /** Types whose unknown sagas do not matter. */
  readonly ignored: ReadonlySet<string>;
  readonly deadlines: ReadonlyMap<string, Called<DeadlineHandler<State>>>;
  readonly compensations: ReadonlyMap<string, DefinedCompensation<State>>;
}

/** How something is undone, and how it is known to be. */
export interface DefinedCompensation<State> {
  readonly handler: Called<CompensationHandler<State>>;
  /** What must come before the next thing is undone. @default - nothing */
  readonly confirmedBy?: DefinedConfirmation;
}

/** A type of event, and which of its events are meant. */
export interface DefinedConfirmation {
  readonly type: string;
  /** @default - all of them */
  readonly when?: Confirmation['when'];
}
