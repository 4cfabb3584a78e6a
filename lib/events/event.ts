import type { StandardSchemaV1 } from '@standard-schema/spec';

import { OutboxError } from '../core/errors.ts';
import type { ValidationDetail } from './schema-issues.ts';

/** What producers and consumers of one type of event agree on. */
export interface EventContract<
  Type extends string = string,
  Schema extends StandardSchemaV1 = StandardSchemaV1,
> {
  readonly type: Type;
  readonly version: number;
  /** The kind of thing that the event is about: `order`. */
  readonly aggregateType: string;
  readonly schema: Schema;
  readonly upcast: Upcasts;
  /**
   * What errors, logs and dead letters say of data that does not fit the schema.
   *
   * @default 'codes'
   */
  readonly validationDetail?: ValidationDetail;
}

/**
 * A type of event. Call it to make an event:
 *
 * ```ts
 * OrderPlaced(order.id, { orderId: order.id, total: 12 }, { sequence: order.version })
 * ```
 *
 * @throws OutboxError `AGGREGATE_INVALID`, `SEQUENCE_INVALID`, `EVENT_NOT_JSON`, and `EVENT_INVALID` for a malformed
 * id or a `deliverAt` that cannot be
 */
export interface EventDefinition<
  Type extends string = string,
  Schema extends StandardSchemaV1 = StandardSchemaV1,
> extends EventContract<Type, Schema> {
  (
    aggregateId: string,
    data: StandardSchemaV1.InferInput<Schema>,
    options?: EventOptions,
  ): OutboxEvent<Type, Schema>;
}

/** Options of an event, in addition to its data. */
export interface EventOptions {
  /**
   * The event's place in the history of its aggregate, from 1.
   *
   * `'next'` takes the number after the last one given out, from a counter that joins the transaction:
   * two write units more, and writers of one aggregate wait for each other. A number of your own (the
   * version of the business item) is free, and right only where each version has exactly one event:
   * consumers in order take a hole for a gap and wait.
   *
   * @default - the event takes part in no order
   */
  readonly sequence?: 'next' | number;
  /**
   * When the event is due: it is delivered within a minute after this moment by the writer's clock, never
   * before, and can be cancelled until then. At most ten years ahead; without a sequence.
   *
   * The event's time is then this moment, for consumers and operators alike, and its retention begins when it
   * is delivered. One that is not in the future when it is written is delivered at once.
   *
   * @default - delivered at once
   */
  readonly deliverAt?: Date;
  /**
   * A UUIDv7 in lower case. Its time is the event's, and must be within an hour of the write, or of
   * `deliverAt` where that is later.
   *
   * @default - a new one, of this moment or of `deliverAt`
   */
  readonly id?: string;
}

/** What happened, ready to be written. Immutable: its data is a copy, made when it was created. */
export interface OutboxEvent<
  Type extends string = string,
  Schema extends StandardSchemaV1 = StandardSchemaV1,
> {
  readonly definition: EventContract<Type, Schema>;
  /** UUIDv7: known before the event is written, the same in every delivery. */
  readonly id: string;
  readonly type: Type;
  readonly version: number;
  /** The thing that the event is about: `order/42`. */
  readonly aggregate: string;
  readonly sequence?: 'next' | number;
  /** When it is due, where it is not at once. Epoch milliseconds. */
  readonly deliverAt?: number;
  /** As consumers will parse it: what JSON drops or changes is dropped and changed here. */
  readonly data: StandardSchemaV1.InferInput<Schema>;
}

/** The result of `JSON.parse`: data of an old version, whose schema no longer exists. */
export type ParsedJson = ReturnType<typeof JSON.parse>;

/** By old version: turns data of that version into data of the next one. */
export type Upcasts = Readonly<Record<number, (old: ParsedJson) => unknown>>;

/**
 * Checks that every old version has a way to the current one: each upcast takes one step, so from the
 * oldest version on none may be missing.
 *
 * @throws OutboxError `OPTION_INVALID`
 */
export function checkUpcasts(contract: { type: string; version: number; upcast: Upcasts }): void {
  const problem = problemWith(contract);
  if (problem === undefined) return;
  const { type, version, upcast } = contract;
  throw new OutboxError('OPTION_INVALID', `upcast of ${type} (version ${version}) ${problem}`, {
    details: { type, version, upcasts: Object.keys(upcast) },
  });
}

function problemWith({
  version,
  upcast,
}: {
  version: number;
  upcast: Upcasts;
}): string | undefined {
  const listed = Object.keys(upcast).map(Number);
  const isOld = (old: number): boolean => Number.isSafeInteger(old) && old >= 1 && old < version;
  const strange = listed.find((old) => !isOld(old));
  if (strange !== undefined) return `must list versions from 1 to ${version - 1}, got ${strange}`;
  const missing = versionsBetween(Math.min(...listed, version), version).find(
    (old) => typeof upcast[old] !== 'function',
  );
  return missing === undefined
    ? undefined
    : `ends at version ${missing}: add the step from ${missing} to ${missing + 1}`;
}

function versionsBetween(oldest: number, current: number): number[] {
  return Array.from({ length: current - oldest }, (_, step) => oldest + step);
}
