import { OutboxError } from '../core/errors.ts';
import { isAggregateType, isEventType } from '../core/event-types.ts';
import { isEventId } from '../table/keys.ts';
import { limits, ownLimits } from '../core/limits.ts';
import type { EventContract, OutboxEvent } from './event.ts';

/** @throws OutboxError `EVENT_TYPE_INVALID`, `AGGREGATE_INVALID`, `OPTION_INVALID` */
export function checkDefinition(definition: EventContract): void {
  const { type, version, aggregateType, schema, validationDetail = 'codes' } = definition;
  if (!isEventType(type)) {
    throw new OutboxError(
      'EVENT_TYPE_INVALID',
      `type of an event must be 1 to ${limits.eventBus.maxTypeChars} letters, digits and ._:/- ` +
        `and begin with a letter or digit, got ${JSON.stringify(type)} (${type.length} characters)`,
      { details: { type, length: type.length, limit: limits.eventBus.maxTypeChars } },
    );
  }
  if (!isAggregateType(aggregateType)) {
    throw new OutboxError(
      'AGGREGATE_INVALID',
      `aggregateType of ${type} must be letters, digits and ._- and begin with a letter, got ${JSON.stringify(aggregateType)}: ` +
        'name the kind of thing here, and its id when you make an event',
      { details: { type, aggregateType } },
    );
  }
  checkOption(isCount(version), { type, option: 'version', expected: 'a whole number from 1' });
  checkOption(isStandardSchema(schema), {
    type,
    option: 'schema',
    expected: 'a Standard Schema (zod, valibot, arktype)',
  });
  checkOption(['codes', 'messages'].includes(validationDetail), {
    type,
    option: 'validationDetail',
    expected: "'codes' or 'messages'",
  });
}

/**
 * Checks an id before it becomes part of an aggregate: a value that is no string would be converted to one.
 *
 * @throws OutboxError `AGGREGATE_INVALID`
 */
export function checkAggregateId(id: unknown, type: string): void {
  if (typeof id === 'string') return;
  throw new OutboxError(
    'AGGREGATE_INVALID',
    `aggregate id of ${type} must be a string, got ${typeof id}: make it one, such as String(order.number)`,
    { details: { type } },
  );
}

/**
 * Checks all of an event but its data.
 *
 * @throws OutboxError `EVENT_INVALID`, `AGGREGATE_INVALID`, `SEQUENCE_INVALID`
 */
export function checkEvent(event: OutboxEvent): void {
  if (!isFromDefinition(event)) {
    throw new OutboxError(
      'EVENT_INVALID',
      'an event must be made by calling what defineEvent returned, got something else',
    );
  }
  const { type, id, aggregate, sequence } = event;
  if (!isEventId(id)) {
    throw new OutboxError(
      'EVENT_INVALID',
      `id of ${type} must be a UUIDv7 in lower case, got ${JSON.stringify(id)}: leave it out to get a new one`,
      { details: { type, eventId: id } },
    );
  }
  checkAggregate(aggregate, type);
  if (sequence !== undefined && sequence !== 'next' && !isCount(sequence)) {
    throw new OutboxError(
      'SEQUENCE_INVALID',
      `sequence of ${type} ${id} must be 'next' or a whole number from 1, got ${String(sequence)}`,
      { details: { type, eventId: id, sequence } },
    );
  }
}

function checkAggregate(aggregate: string, type: string): void {
  const [kind = '', ...rest] = aggregate.split('/');
  const id = rest.join('/');
  const bytes = Buffer.byteLength(aggregate, 'utf8');
  const limit = ownLimits.maxAggregateBytes;
  if (isAggregateType(kind) && id !== '' && id.isWellFormed() && bytes <= limit) return;
  throw new OutboxError(
    'AGGREGATE_INVALID',
    `aggregate of ${type} must be a type and an id that is not empty, together at most ${limit} bytes of UTF-8, ` +
      `got ${JSON.stringify(aggregate.slice(0, 80))} (${bytes} bytes)`,
    { details: { type, bytes, limit } },
  );
}

function checkOption(
  isValid: boolean,
  { type, option, expected }: { type: string; option: string; expected: string },
): void {
  if (isValid) return;
  throw new OutboxError('OPTION_INVALID', `${option} of ${type} must be ${expected}`, {
    details: { type, option },
  });
}

function isFromDefinition(event: unknown): boolean {
  return (
    typeof event === 'object' && event !== null && 'definition' in event && 'aggregate' in event
  );
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 1;
}

function isStandardSchema(schema: unknown): boolean {
  const isObject = typeof schema === 'object' || typeof schema === 'function';
  return isObject && schema !== null && '~standard' in schema;
}
