import type { StandardSchemaV1 } from '@standard-schema/spec';

import type { EventContract, Upcasts } from '../events/event.ts';
import type { ValidationDetail } from '../events/schema-issues.ts';
import type { MessageOf } from '../inbox/message.ts';
import type {
  Duration,
  SagaEvent,
  SagaParts,
  WhenNotFound,
  SagaSnapshot,
  CompensatingSaga,
  EndedSaga,
  RunningSaga,
  SagaTransition,
} from './step.ts';

/** What a saga consists of, in addition to its event handlers. */
export interface SagaOptions<
  Schema extends StandardSchemaV1 = StandardSchemaV1,
  Field extends string = string,
> {
  /** The shape of the state: any Standard Schema that changes nothing. Checked when it is read and written. */
  readonly state: Schema;
  /**
   * The field of the events' data that says which saga an event is about: a text of at most 900 bytes, the same for
   * all events of one saga. An event whose data has no such text needs a `key` of its own.
   *
   * @default - each event has a key of its own
   */
  readonly key?: Field;
  /**
   * Version of the state's shape, from 1. Raise it with every change that the code cannot read the old state after.
   *
   * @default 1
   */
  readonly version?: number;
  /**
   * By old version: turns state of that version into state of the next one.
   *
   * @default - state of this version only can be read
   */
  readonly upcast?: Upcasts;
  /**
   * What errors, logs and dead letters say of a state that does not fit its schema: the place and the code of each
   * issue, or the schema's own messages, which can quote the state.
   *
   * @default 'codes'
   */
  readonly validationDetail?: ValidationDetail;
  /**
   * How long it may run, and then how long its compensation may take, before an alarm rings.
   *
   * @default { days: 1 }
   */
  readonly overdueAfter?: Duration;
  /**
   * Whether an event that is replayed may start a saga. Otherwise a replay that is meant for someone else would
   * run old sagas a second time.
   *
   * Turn it on to have a new saga go through a history, and off again after that: for each saga that is forgotten by
   * then, a replay of its starting event runs it anew, with all its commands. Answers that come before the event
   * that starts their saga go back to the queue, as they do without a replay; without it they are acknowledged.
   *
   * @default false
   */
  readonly startsOnReplay?: boolean;
}

/** What a handler returns: nothing. A promise does not compile, and is refused: the saga would not wait for it. */
type Nothing = Awaited<void> | undefined;

type Handler<Saga, Definition extends EventContract> = (
  saga: Saga,
  event: SagaEvent<Definition>,
) => Nothing;

/** How to read the key of an event's saga. */
export interface EventKey<Definition extends EventContract> {
  /**
   * Which saga an event is about, where that is not the saga's `key` field. `undefined` where the event does not
   * concern a saga. One function for all that answers one type of event.
   *
   * A pure function. It is also called with data that is not validated yet, to tell which messages of a batch
   * are of one saga; what it throws then is ignored.
   */
  readonly key: (event: MessageOf<Definition>) => string | undefined;
}

type HasField<Field extends string, Definition extends EventContract> = [Field] extends [never]
  ? false
  : MessageOf<Definition>['data'] extends Readonly<Record<Field, string>>
    ? true
    : false;

/** A handler with its options. A key is required where the data has no field for it. */
type Step<Field extends string, Definition extends EventContract, Saga, Options> =
  HasField<Field, Definition> extends true
    ? [handler: Handler<Saga, Definition>, options?: Options & Partial<EventKey<Definition>>]
    : [handler: Handler<Saga, Definition>, options: Options & EventKey<Definition>];

/** The event that confirms a compensation, and which of its events do. */
type Confirmation<Field extends string, Definition extends EventContract, Argument> = {
  readonly event: Definition;
  /** Whether the event is about what was undone with that argument. A pure function. @default - each is */
  readonly when?: (event: SagaEvent<Definition>, argument: Argument) => boolean;
} & (HasField<Field, Definition> extends true
  ? Partial<EventKey<Definition>>
  : EventKey<Definition>);

interface CompensationOptions<Field extends string, Definition extends EventContract, Argument> {
  /** @default - it is done at once */
  readonly confirmedBy?:
    | (HasField<Field, Definition> extends true ? Definition : never)
    | Confirmation<Field, Definition, Argument>;
}

/** A saga as `createSaga` runs it, and as tests try it. */
export interface DefinedSaga<State> {
  readonly name: string;
  readonly version: number;
  /** The types of event that must reach it, that of its deadlines among them. */
  readonly eventTypes: readonly string[];
  /** The complete definition, for the code that runs it. */
  readonly parts: SagaParts<State>;

  /**
   * What an event makes of a saga: a pure function, for tests without AWS. It does not read the event's data by its
   * schema, as the inbox does: an event that was just made lacks the schema's defaults.
   *
   * ```ts
   * const { saga, emits } = fulfilment.transition(undefined, OrderPlaced('42', { orderId: '42' }));
   * const { saga: after } = fulfilment.transition(saga, fulfilment.deadlineOf(saga, 'payment'));
   * ```
   *
   * Throws what the handler throws.
   */
  transition(before: SagaSnapshot<State> | undefined, event: SagaEvent): SagaTransition<State>;

  /** The event of a deadline that a saga has set, as it comes when the time is up: for tests. */
  deadlineEvent(saga: SagaSnapshot<State> | undefined, name: string): SagaEvent;
}

/**
 * A process that answers events with commands, keeps a state between them, and undoes what it did where it
 * cannot go on. It is immutable: each call returns another one.
 *
 * Declare deadlines and compensations before the handlers that use them: only then are their names and arguments
 * known to the compiler.
 */
export interface SagaDefinition<
  State,
  Field extends string = string,
  Deadline extends string = never,
  Known extends object = object,
> extends DefinedSaga<State> {
  /**
   * Starts a saga, which must be given its state. Where there is one of that key already, the event is ignored,
   * unless it also has an answer by `on`.
   *
   * @throws OutboxError `HANDLER_DUPLICATE`, as all of these
   */
  startedBy<Definition extends EventContract>(
    definition: Definition,
    ...step: Step<Field, Definition, RunningSaga<State, Deadline, Known>, unknown>
  ): SagaDefinition<State, Field, Deadline, Known>;

  /**
   * Answers an event while the saga runs.
   *
   * Where there is no such saga, the message goes back to the queue, since the one that starts it may be on its
   * way, and in the end to the dead-letter queue. `whenNotFound: 'ignore'` acknowledges it instead.
   */
  on<Definition extends EventContract>(
    definition: Definition,
    ...step: Step<
      Field,
      Definition,
      RunningSaga<State, Deadline, Known>,
      { readonly whenNotFound?: WhenNotFound }
    >
  ): SagaDefinition<State, Field, Deadline, Known>;

  /**
   * Answers an event that comes when the saga has finished or is being compensated. Without it such an event is
   * acknowledged, logged and counted, and nothing else.
   */
  onLate<Definition extends EventContract>(
    definition: Definition,
    ...step: Step<Field, Definition, EndedSaga<State>, unknown>
  ): SagaDefinition<State, Field, Deadline, Known>;

  /** Answers a deadline that a step set and none took back. */
  onDeadline<const Name extends string>(
    name: Name,
    handler: (saga: RunningSaga<State, Deadline | Name, Known>) => Nothing,
  ): SagaDefinition<State, Field, Deadline | Name, Known>;

  /**
   * How to undo something; `compensateWith` asks for it. The thing that was done before is undone once the event
   * `confirmedBy` has come, or at once if there is none.
   *
   * Any event of that type confirms the compensation that awaits one. Where one type confirms several, say which is
   * meant, or an event that comes twice under two ids confirms the next one as well:
   *
   * ```ts
   * .compensation('refund', z.object({ chargeId: z.string() }), undo, {
   *   confirmedBy: { event: Refunded, when: ({ data }, { chargeId }) => data.chargeId === chargeId },
   * })
   * ```
   *
   * One that is not meant comes too late: see `onLate`.
   */
  compensation<const Name extends string, Definition extends EventContract>(
    name: Name,
    handler: (saga: CompensatingSaga<State>) => Nothing,
    options?: CompensationOptions<Field, Definition, undefined>,
  ): SagaDefinition<State, Field, Deadline, Known & Readonly<Record<Name, undefined>>>;

  /**
   * The same with an argument: what undoing needs to know, of the shape that a Standard Schema says. It is kept as
   * JSON, checked when `compensateWith` is called, and read by the schema again when it is undone.
   */
  compensation<
    const Name extends string,
    Argument extends StandardSchemaV1,
    Definition extends EventContract,
  >(
    name: Name,
    argument: Argument,
    handler: (
      saga: CompensatingSaga<State>,
      argument: StandardSchemaV1.InferOutput<Argument>,
    ) => Nothing,
    options?: CompensationOptions<Field, Definition, StandardSchemaV1.InferOutput<Argument>>,
  ): SagaDefinition<State, Field, Deadline, Known & Readonly<Record<Name, Argument>>>;

  deadlineEvent(saga: SagaSnapshot<State> | undefined, name: Deadline): SagaEvent;
}
