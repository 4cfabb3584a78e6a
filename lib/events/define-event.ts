import { types } from 'node:util';

import type { StandardSchemaV1 } from '@standard-schema/spec';

import { definedOnly } from '../core/collections.ts';
import { checkRequiredArguments, OutboxError } from '../core/errors.ts';
import { ownLimits } from '../core/limits.ts';
import { newId, systemClock } from '../core/system.ts';
import { checkAggregateId, checkDefinition, checkEvent } from './check-event.ts';
import { snapshot } from './event-data.ts';
import {
  checkUpcasts,
  type EventContract,
  type EventDefinition,
  type EventOptions,
  type OutboxEvent,
  type Upcasts,
} from './event.ts';
import type { ValidationDetail } from './schema-issues.ts';

/** What a type of event consists of. */
export interface DefineEventOptions<Schema extends StandardSchemaV1> {
  /**
   * Version of the data's shape, from 1. Raise it with every change that old consumers cannot read.
   *
   * @default 1
   */
  readonly version?: number;
  /** The kind of thing that the event is about, such as `order`: letters, digits and `._-`. */
  readonly aggregateType: string;
  /**
   * The shape of the data: any Standard Schema (zod, valibot, arktype). Producers write its input;
   * consumers get its output. https://standardschema.dev
   */
  readonly schema: Schema;
  /**
   * By old version: turns data of that version into data of the next one.
   *
   * @default - consumers read this version only
   */
  readonly upcast?: Upcasts;
  /**
   * What errors, logs and dead letters say of data that does not fit the schema.
   *
   * - `codes`: the place and the code of each issue, such as `buyer.age: invalid_type`. Nothing of the data appears.
   *   Properties are named if the schema offers Standard JSON Schema (zod, arktype, and valibot through
   *   `toStandardJsonSchema`); others, such as the keys of a record, are shown as `*`.
   * - `messages`: the paths and messages of the schema's library. They can quote the data: choose it for data that may
   *   be read in logs and in dead-letter queues.
   *
   * @default 'codes'
   */
  readonly validationDetail?: ValidationDetail;
}

/**
 * Defines a type of event: the contract that producers and consumers share.
 *
 * `type` has at most 128 characters (EventBridge's detail type): letters, digits and `._:/-`.
 *
 * @throws OutboxError `EVENT_TYPE_INVALID`, `AGGREGATE_INVALID`, `OPTION_INVALID`
 */
export function defineEvent<const Type extends string, Schema extends StandardSchemaV1>(
  type: Type,
  options: DefineEventOptions<Schema>,
): EventDefinition<Type, Schema> {
  checkRequiredArguments("defineEvent('order.placed', { aggregateType: 'order', schema })", {
    type,
    options,
  });
  const { version = 1, aggregateType, schema, upcast = {}, validationDetail = 'codes' } = options;
  checkRequiredArguments(`defineEvent('${type}', { aggregateType: 'order', schema })`, {
    aggregateType,
    schema,
  });
  const contract: EventContract<Type, Schema> = {
    ...{ type, version, aggregateType, schema, upcast, validationDetail },
  };
  checkDefinition(contract);
  checkUpcasts(contract);
  const create = (
    aggregateId: string,
    data: StandardSchemaV1.InferInput<Schema>,
    options: EventOptions = {},
  ): OutboxEvent<Type, Schema> => {
    checkAggregateId(aggregateId, type);
    const { sequence } = options;
    const now = systemClock.now();
    const deliverAt = readDeliverAt(options, { type, now });
    const event = {
      definition,
      id: options.id ?? newId(Math.max(now, deliverAt ?? now)),
      type,
      version,
      aggregate: `${aggregateType}/${aggregateId}`,
      ...definedOnly({ sequence, deliverAt }),
      data,
    };
    checkEvent(event);
    return Object.freeze({ ...event, data: snapshot(event) });
  };
  const definition = Object.freeze(Object.assign(create, contract));
  return definition;
}

/**
 * When an event is due (epoch milliseconds), if it says so.
 *
 * A deferred event takes part in no order: those behind it in its sequence would have to wait for it.
 *
 * @throws OutboxError `EVENT_INVALID`, `SEQUENCE_INVALID`
 */
function readDeliverAt(
  { deliverAt, sequence }: EventOptions,
  { type, now }: { type: string; now: number },
): number | undefined {
  if (deliverAt === undefined) return undefined;
  // Not by instanceof, which fails for a date of another realm.
  const dueAt = types.isDate(deliverAt) ? deliverAt.getTime() : NaN;
  const isPossible = dueAt <= now + ownLimits.maxDeferralMs;
  if (!isPossible) throw notPossible(type, deliverAt);
  if (sequence !== undefined) throw inSequence(type, sequence);
  return dueAt;
}

function notPossible(type: string, given: unknown): OutboxError {
  return new OutboxError(
    'EVENT_INVALID',
    `deliverAt of ${type} must be a valid Date no more than ten years ahead, got ${String(given)}: ` +
      'make it of epoch milliseconds, such as new Date(Date.now() + 15 * 60_000)',
    { details: { type, deliverAt: given, limitMs: ownLimits.maxDeferralMs } },
  );
}

function inSequence(type: string, sequence: 'next' | number): OutboxError {
  return new OutboxError(
    'SEQUENCE_INVALID',
    `${type} has both deliverAt and sequence ${sequence}: a deferred event takes part in no order, ` +
      'since those behind it would have to wait for it. Leave one of the two out',
    { details: { type, sequence } },
  );
}
