import type { StandardSchemaV1 } from '@standard-schema/spec';

import { OutboxError } from '../../contract/error.ts';
import { definedOnly, ownValue } from '../../contract/pick.ts';
import type { EventContract } from '../event/event.ts';
import { checkUpcasts } from '../event/upcast.ts';
import { defineDeadline } from './deadline-event.ts';
import type { SagaDefinition, SagaOptions } from './definition.ts';
import { delayMs } from './delay.ts';
import { keyOf } from './key.ts';
import type { SagaEvent, SagaParts } from './parts.ts';
import { sagaInvalid } from './saga-invalid.ts';
import type { SagaSnapshot } from './snapshot.ts';
import { transition } from './transition.ts';

const defaults = { version: 1, overdueAfter: { days: 1 }, startsOnReplay: false } as const;

/**
 * Defines a saga: what starts it, what it answers, how long it waits, and how it undoes what it did.
 *
 * ```ts
 * const fulfilment = defineSaga('fulfilment', {
 *   state: z.object({ orderId: z.string() }),
 *   key: ({ data }) => data.orderId,
 * })
 *   .startedBy(OrderPlaced, (saga, { data }) => {
 *     saga.set({ orderId: data.orderId });
 *     saga.emit(TakePayment(saga.key, { orderId: saga.key }));
 *     saga.compensateWith('payment');
 *     saga.deadline('payment', { minutes: 15 });
 *   })
 *   .on(PaymentTaken, (saga) => saga.complete())
 *   .onDeadline('payment', (saga) => saga.compensate('payment never answered'))
 *   .compensation('payment', (saga) => saga.emit(Refund(saga.key, { orderId: saga.key })), { confirmedBy: Refunded })
 *   .onLate(PaymentTaken, (saga) => {
 *     if (saga.reason !== undefined) saga.emit(Refund(saga.key, { orderId: saga.key }));
 *   });
 * ```
 *
 * The refund may overtake the charge: without the last two, a payment that is taken after it would be kept.
 *
 * Its handlers are pure functions: they do nothing but what they ask of `saga`, and await nothing. Where two
 * events of one saga are handled at once, one of them is answered anew.
 *
 * `name` is part of the saga's rows and of its deadlines' type: letters, digits and `._-`, beginning with a letter.
 *
 * @throws OutboxError `SAGA_INVALID`, `AGGREGATE_INVALID`, `EVENT_TYPE_INVALID`, `OPTION_INVALID`
 */
export function defineSaga<Schema extends StandardSchemaV1>(
  name: string,
  options: SagaOptions & {
    /** The shape of the state: any Standard Schema that changes nothing. Checked when it is read and written. */
    readonly state: Schema;
  },
): SagaDefinition<StandardSchemaV1.InferOutput<Schema>>;
/** The same with a state that nothing checks: `defineSaga<{ orderId: string }>('fulfilment', …)`. */
export function defineSaga<State>(name: string, options: SagaOptions): SagaDefinition<State>;
export function defineSaga<State>(
  name: string,
  options: SagaOptions & { readonly state?: StandardSchemaV1<unknown, State> },
): SagaDefinition<State> {
  const { version, overdueAfter, startsOnReplay } = { ...defaults, ...options };
  const { upcast = {}, key, state: schema, validationDetail = 'codes' } = options;
  if (!Number.isSafeInteger(version) || version < 1) {
    throw sagaInvalid(name, `its version must be a whole number from 1, got ${version}`);
  }
  checkUpcasts({ type: name, version, upcast });
  return sagaOf({
    ...{ name, version, schema, upcast, key, startsOnReplay, validationDetail },
    overdueAfterMs: delayMs(overdueAfter, `overdueAfter of saga ${name}`),
    deadline: defineDeadline(name),
    ...{ events: new Map(), starts: new Map(), steps: new Map(), lates: new Map() },
    ...{ ignored: new Set(), deadlines: new Map(), compensations: new Map() },
  });
}

function sagaOf<State>(parts: SagaParts<State>): SagaDefinition<State> {
  const extended = (more: Partial<SagaParts<State>>): SagaDefinition<State> =>
    sagaOf({ ...parts, ...more });
  const taking = (
    definition: EventContract,
    more: Partial<SagaParts<State>>,
  ): SagaDefinition<State> => extended({ ...more, events: withEvent(parts, definition) });
  return {
    ...{ name: parts.name, version: parts.version, parts },
    types: [...parts.events.keys(), parts.deadline.type],
    startedBy: (definition, handler) =>
      taking(definition, { starts: added(parts, 'starts', [definition.type, handler]) }),
    on: (definition, handler, { unknown } = {}) =>
      taking(definition, {
        steps: added(parts, 'steps', [definition.type, handler]),
        ...(unknown === 'ignore' ? { ignored: new Set([...parts.ignored, definition.type]) } : {}),
      }),
    onLate: (definition, handler) =>
      taking(definition, { lates: added(parts, 'lates', [definition.type, handler]) }),
    onDeadline: (deadline, handler) =>
      extended({ deadlines: added(parts, 'deadlines', [deadline, handler]) }),
    compensation: (name, handler, { confirmedBy } = {}) => {
      if (confirmedBy === undefined) {
        return extended({ compensations: added(parts, 'compensations', [name, { handler }]) });
      }
      const { event, ...when } = 'when' in confirmedBy ? confirmedBy : { event: confirmedBy };
      const compensation = { handler, confirmedBy: { type: event.type, ...when } };
      const more = { compensations: added(parts, 'compensations', [name, compensation]) };
      return taking(event, more);
    },
    transition: (before, event) => transition(parts, { key: keyOf(parts, event), before, event }),
    deadlineOf: (saga, deadline) => deadlineOf(parts, saga, deadline),
  };
}

type Answers = 'starts' | 'steps' | 'lates' | 'deadlines' | 'compensations';

/** The answers of one kind with another one. Whoever calls the handler knows what its event is. */
function added<State, Kind extends Answers>(
  parts: SagaParts<State>,
  kind: Kind,
  [name, answer]: [name: string, answer: unknown],
): SagaParts<State>[Kind] {
  if (!parts[kind].has(name)) return new Map([...parts[kind], [name, answer]]) as never;
  throw new OutboxError(
    'HANDLER_DUPLICATE',
    `saga ${parts.name} has an answer to ${name} already: do both things in one`,
    { facts: { saga: parts.name, name } },
  );
}

/** All that answers a type must read it alike. */
function withEvent<State>(
  { name, events }: SagaParts<State>,
  definition: EventContract,
): SagaParts<State>['events'] {
  const known = events.get(definition.type) ?? definition;
  if (known === definition) return new Map([...events, [definition.type, definition]]);
  throw sagaInvalid(name, `it takes ${definition.type} by two definitions: use one`);
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
