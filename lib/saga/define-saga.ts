import type { StandardSchemaV1 } from '@standard-schema/spec';

import { definedOnly, ownValue } from '../core/collections.ts';
import { checkRequiredArguments, OutboxError } from '../core/errors.ts';
import { checkUpcasts, type EventContract } from '../events/event.ts';
import { toInboxMessage, type InboxMessage } from '../inbox/message.ts';
import type { Message } from '../table/message.ts';
import type { DefinedSaga, SagaDefinition, SagaOptions } from './definition.ts';
import {
  defineDeadline,
  delayMs,
  sagaInvalid,
  type KeyOf,
  type SagaEvent,
  type SagaParts,
  type SagaSnapshot,
  type WhenNotFound,
} from './step.ts';
import { transition } from './transition.ts';

const defaults = { version: 1, overdueAfter: { days: 1 }, startsOnReplay: false } as const;

/**
 * Defines a saga: what starts it, what it answers, how long it waits, and how it undoes what it did.
 *
 * ```ts
 * const fulfilment = defineSaga('fulfilment', { state: z.object({ orderId: z.string() }), key: 'orderId' })
 *   .onDeadline('payment', (saga) => saga.compensate('payment never answered'))
 *   .compensation('payment', (saga) => saga.emit(Refund(saga.key, { orderId: saga.key })), { confirmedBy: Refunded })
 *   .startedBy(OrderPlaced, (saga, { data }) => {
 *     saga.set({ orderId: data.orderId });
 *     saga.emit(TakePayment(saga.key, { orderId: saga.key }));
 *     saga.compensateWith('payment');
 *     saga.deadline('payment', { minutes: 15 });
 *   })
 *   .on(PaymentTaken, (saga) => saga.complete())
 *   .onLate(PaymentTaken, (saga) => {
 *     if (saga.reason !== undefined) saga.emit(Refund(saga.key, { orderId: saga.key }));
 *   });
 * ```
 *
 * The refund may overtake the charge: without `confirmedBy` and `onLate`, a payment that is taken after it would be kept.
 *
 * Its handlers are pure functions: they do nothing but what they ask of `saga`, and await nothing. Where two
 * events of one saga are handled at once, one of them is answered anew.
 *
 * `name` is part of the saga's rows and of its deadlines' type: letters, digits and `._-`, beginning with a letter.
 *
 * @throws OutboxError `SAGA_INVALID`, `AGGREGATE_INVALID`, `EVENT_TYPE_INVALID`, `OPTION_INVALID`
 */
export function defineSaga<Schema extends StandardSchemaV1, const Field extends string = never>(
  name: string,
  options: SagaOptions<Schema, Field>,
): SagaDefinition<StandardSchemaV1.InferOutput<Schema>, Field> {
  const usage = "defineSaga('fulfilment', { state: schema, key: 'orderId' })";
  checkRequiredArguments(usage, { name, options });
  checkRequiredArguments(usage, { state: options.state });
  const { version, overdueAfter, startsOnReplay } = { ...defaults, ...options };
  const { upcast = {}, key, state: schema, validationDetail = 'codes' } = options;
  if (!Number.isSafeInteger(version) || version < 1) {
    throw sagaInvalid(name, `its version must be a whole number from 1, got ${version}`);
  }
  checkKey(name, key);
  checkUpcasts({ type: name, version, upcast });
  return sagaOf<unknown>({
    ...{ name, version, schema, upcast, key, startsOnReplay, validationDetail },
    overdueAfterMs: delayMs(overdueAfter, `overdueAfter of saga ${name}`),
    deadline: defineDeadline(name),
    ...{ events: new Map(), keys: new Map(), starts: new Map(), steps: new Map() },
    ...{ lates: new Map(), ignored: new Set(), deadlines: new Map(), compensations: new Map() },
  }) as never;
}

/** Plain JavaScript may give anything, and without its key no event finds its saga. */
function checkKey(name: string, key: unknown): void {
  if (key === undefined || (typeof key === 'string' && key !== '')) return;
  throw sagaInvalid(
    name,
    `its key must be the name of a field of the events' data, got ${typeof key}: ` +
      'give events that need a function one of their own, as .on(Event, handler, { key })',
  );
}

type AnyHandler = (...given: never[]) => unknown;

/** The options of a step of any kind. */
interface StepOptions {
  readonly whenNotFound?: WhenNotFound;
  readonly key?: KeyOf;
}

interface AnyConfirmation extends StepOptions {
  readonly event: EventContract;
  readonly when?: AnyHandler;
}

/** What is typed by what was declared before is plain here. */
function sagaOf<State>(parts: SagaParts<State>): DefinedSaga<State> {
  const extended = (more: Partial<SagaParts<State>>): unknown => sagaOf({ ...parts, ...more });
  const taking = (
    definition: EventContract,
    { key }: StepOptions,
    more: Partial<SagaParts<State>>,
  ): unknown => extended({ ...more, ...withEvent(parts, definition, key) });
  const compensation = (
    name: string,
    ...[argument, handler, { confirmedBy } = {}]: [
      argument: StandardSchemaV1 | undefined,
      handler: AnyHandler,
      options?: { readonly confirmedBy?: EventContract | AnyConfirmation },
    ]
  ): unknown => {
    const how = { handler, ...definedOnly({ argument }) };
    if (confirmedBy === undefined) {
      return extended({ compensations: added(parts, 'compensations', [name, how]) });
    }
    const confirmation: AnyConfirmation =
      'event' in confirmedBy ? confirmedBy : { event: confirmedBy };
    const { event, when, ...options } = confirmation;
    const confirmed = { ...how, confirmedBy: { type: event.type, ...definedOnly({ when }) } };
    const compensations = added(parts, 'compensations', [name, confirmed]);
    return taking(event, options, { compensations });
  };
  return {
    ...{ name: parts.name, version: parts.version, parts },
    eventTypes: [...parts.events.keys(), parts.deadline.type],
    startedBy: (definition: EventContract, handler: AnyHandler, options: StepOptions = {}) => {
      checkRequiredArguments('.startedBy(OrderPlaced, handler)', { definition, handler });
      const starts = added(parts, 'starts', [definition.type, handler]);
      return taking(definition, options, { starts });
    },
    on: (definition: EventContract, handler: AnyHandler, options: StepOptions = {}) => {
      checkRequiredArguments('.on(PaymentTaken, handler)', { definition, handler });
      return taking(definition, options, {
        steps: added(parts, 'steps', [definition.type, handler]),
        ...(options.whenNotFound === 'ignore'
          ? { ignored: new Set([...parts.ignored, definition.type]) }
          : {}),
      });
    },
    onLate: (definition: EventContract, handler: AnyHandler, options: StepOptions = {}) => {
      checkRequiredArguments('.onLate(PaymentTaken, handler)', { definition, handler });
      const lates = added(parts, 'lates', [definition.type, handler]);
      return taking(definition, options, { lates });
    },
    onDeadline: (deadline: string, handler: AnyHandler) => {
      checkRequiredArguments(".onDeadline('payment', handler)", { deadline, handler });
      return extended({ deadlines: added(parts, 'deadlines', [deadline, handler]) });
    },
    compensation: (name: string, first: AnyHandler | StandardSchemaV1, ...rest: never[]) => {
      checkRequiredArguments(".compensation('payment', handler)", { name, handler: first });
      return '~standard' in first
        ? compensation(name, first, ...(rest as unknown as [AnyHandler]))
        : compensation(name, undefined, first, ...rest);
    },
    transition: (before, event) =>
      transition(parts, { key: sagaKeyOf(parts, event), before, event }),
    deadlineEvent: (saga, deadline) => deadlineOf(parts, saga, deadline),
  } as DefinedSaga<State>;
}

type Answers = 'starts' | 'steps' | 'lates' | 'deadlines' | 'compensations';

/** The answers of one kind with another one. The caller of the handler knows the type of its event. */
function added<State, Kind extends Answers>(
  parts: SagaParts<State>,
  kind: Kind,
  [name, answer]: [name: string, answer: unknown],
): SagaParts<State>[Kind] {
  if (!parts[kind].has(name)) return new Map([...parts[kind], [name, answer]]) as never;
  throw new OutboxError(
    'HANDLER_DUPLICATE',
    `saga ${parts.name} has an answer to ${name} already: do both things in one`,
    { details: { saga: parts.name, name } },
  );
}

/** All that answers a type must read it alike. */
function withEvent<State>(
  { name, events, keys }: SagaParts<State>,
  definition: EventContract,
  key: KeyOf | undefined,
): Pick<SagaParts<State>, 'events' | 'keys'> {
  const { type } = definition;
  if ((events.get(type) ?? definition) !== definition) {
    throw sagaInvalid(name, `it takes ${type} by two definitions: use one`);
  }
  const isOther = events.has(type) && keys.get(type) !== key;
  if (isOther) {
    throw sagaInvalid(name, `it takes ${type} by two keys: give all that answers it the same one`);
  }
  return {
    events: new Map([...events, [type, definition]]),
    keys: key === undefined ? keys : new Map([...keys, [type, key]]),
  };
}

function deadlineOf<State>(
  parts: SagaParts<State>,
  saga: SagaSnapshot<State> | undefined,
  name: string,
): SagaEvent {
  const pending = ownValue(saga?.deadlines ?? {}, name);
  if (saga !== undefined && pending !== undefined) {
    const { revision, eventId } = pending;
    return parts.deadline(saga.key, { name, revision }, definedOnly({ id: eventId }));
  }
  throw sagaInvalid(parts.name, `deadline ${name} is not set`);
}

/** Room for it in an aggregate, together with the longest name of a saga. */
const maxKeyBytes = 900;

/**
 * Which saga an event is about; `undefined` where it is none of theirs.
 *
 * @throws OutboxError `SAGA_INVALID` for what cannot be a key
 */
export function sagaKeyOf<State>(parts: SagaParts<State>, event: SagaEvent): string | undefined {
  const { name, deadline } = parts;
  if (event.type === deadline.type)
    return event.aggregate.slice(`${deadline.aggregateType}/`.length);
  const own = parts.keys.get(event.type);
  const key = own === undefined ? fieldOf(event.data, parts.key) : own(event as InboxMessage);
  if (own !== undefined && key === undefined) return undefined;
  if (typeof key === 'string' && isKey(key)) return key;
  const field = own === undefined && parts.key !== undefined ? `, data.${parts.key},` : '';
  throw sagaInvalid(
    name,
    `the key of ${event.type} ${event.id}${field} must be a text of 1 to ${maxKeyBytes} bytes, got ${typeof key}: ` +
      'where its data has no such field, give the event a key of its own',
  );
}

function fieldOf(data: unknown, field: string | undefined): unknown {
  if (typeof data !== 'object' || data === null || field === undefined) return undefined;
  return Object.hasOwn(data, field) ? (data as Record<string, unknown>)[field] : undefined;
}

/**
 * The key of the saga that a message seems to be about, before its data was checked and brought up to date;
 * `undefined` where that cannot be told.
 */
export function likelyKeyOf<State>(parts: SagaParts<State>, message: Message): string | undefined {
  try {
    return sagaKeyOf(parts, toInboxMessage(message, message.data, message.dataversion));
  } catch {
    // It is called again with checked data, and an error is reported then.
    return undefined;
  }
}

function isKey(key: string): boolean {
  return key !== '' && key.isWellFormed() && Buffer.byteLength(key) <= maxKeyBytes;
}
