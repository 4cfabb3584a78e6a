import type { EventContract } from '../event/event.ts';
import type { ValidationDetail } from '../event/schema-issues.ts';
import type { ParsedJson, Upcasts } from '../event/upcast.ts';
import type { InboxMessage } from '../inbox/message.ts';
import type { Delay } from './delay.ts';
import type {
  CompensationHandler,
  Confirmation,
  DeadlineHandler,
  LateHandler,
  SagaEvent,
  SagaHandler,
  SagaParts,
  UnknownSaga,
} from './parts.ts';
import type { SagaSnapshot } from './snapshot.ts';
import type { SagaTransition } from './outcome.ts';

/** What a saga consists of, beside its answers to events. */
export interface SagaOptions {
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
   * Which saga an event is about: at most 900 bytes, the same for all events of one. `undefined` where an event is
   * none of the saga's affair.
   *
   * A pure function. It is called with data that nobody has checked yet as well, to tell which messages of a batch
   * are of one saga; what it throws then goes unheard.
   */
  readonly key: (event: InboxMessage<ParsedJson>) => string | undefined;
  /**
   * How long it may run, and then how long its compensation may take, before an alarm rings.
   *
   * @default { days: 1 }
   */
  readonly overdueAfter?: Delay;
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

/**
 * A process that answers events with commands, keeps a state between them, and undoes what it did where it
 * cannot go on. It is immutable: each call answers with another one.
 */
export interface SagaDefinition<State> {
  readonly name: string;
  readonly version: number;
  /** The types of event that must reach it, that of its deadlines among them. */
  readonly types: readonly string[];
  /** All that it says, for whoever runs it. */
  readonly parts: SagaParts<State>;

  /**
   * Starts a saga, which must be given its state. Where there is one of that key already, the event is ignored,
   * unless it also has an answer by `on`.
   *
   * @throws OutboxError `HANDLER_DUPLICATE`, as all of these
   */
  startedBy<Definition extends EventContract>(
    definition: Definition,
    handler: SagaHandler<State, Definition>,
  ): SagaDefinition<State>;

  /**
   * Answers an event while the saga runs.
   *
   * Where there is no such saga, the message goes back to the queue, since the one that starts it may be on its
   * way, and in the end to the dead-letter queue. `unknown: 'ignore'` acknowledges it instead.
   */
  on<Definition extends EventContract>(
    definition: Definition,
    handler: SagaHandler<State, Definition>,
    options?: { readonly unknown?: UnknownSaga },
  ): SagaDefinition<State>;

  /**
   * Answers an event that comes when the saga has finished or is being compensated. Without it such an event is
   * acknowledged, logged and counted, and nothing else.
   */
  onLate<Definition extends EventContract>(
    definition: Definition,
    handler: LateHandler<State, Definition>,
  ): SagaDefinition<State>;

  /** Answers a deadline that a step set and none took back. */
  onDeadline(name: string, handler: DeadlineHandler<State>): SagaDefinition<State>;

  /**
   * How to undo something; `compensateWith` asks for it. The thing that was done before is undone once the event
   * `confirmedBy` has come, or at once if there is none.
   *
   * Any event of that type confirms whatever compensation awaits one. Where one type confirms several, say which is
   * meant, or an event that comes twice under two ids confirms the next one as well:
   *
   * ```ts
   * .compensation('refund', undo, {
   *   confirmedBy: { event: Refunded, when: ({ data }, chargeId) => data.chargeId === chargeId },
   * })
   * ```
   *
   * One that is not meant comes too late: see `onLate`.
   */
  compensation<Definition extends EventContract>(
    name: string,
    handler: CompensationHandler<State>,
    options?: { readonly confirmedBy?: Definition | Confirmation<Definition> },
  ): SagaDefinition<State>;

  /**
   * What an event makes of a saga: a pure function, for tests without AWS.
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
  deadlineOf(saga: SagaSnapshot<State> | undefined, name: string): SagaEvent;
}
