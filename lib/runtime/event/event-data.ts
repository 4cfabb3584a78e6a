import { OutboxError } from '../../contract/error.ts';
import type { OutboxEvent } from './event.ts';
import { describeIssues } from './schema-issues.ts';

type EventWithData = Pick<OutboxEvent, 'id' | 'type' | 'data'>;

/**
 * A frozen copy of an event's data, as consumers will parse it. What the caller does to the original
 * later does not reach it.
 *
 * @throws OutboxError `EVENT_NOT_JSON`
 */
export function snapshot(event: EventWithData): unknown {
  return JSON.parse(toJson(event), (_, value: unknown) => Object.freeze(value));
}

/**
 * An event's data as the JSON text that is stored, validated.
 *
 * What is validated is what the text holds, not the object that it was made from: whatever is stored, a
 * consumer's parser accepts. The text holds the schema's input.
 *
 * @throws OutboxError `EVENT_NOT_JSON`, `EVENT_INVALID`
 */
export async function toValidJson(event: OutboxEvent): Promise<string> {
  const json = toJson(event);
  const data: unknown = JSON.parse(json);
  const { issues } = await event.definition.schema['~standard'].validate(data);
  if (issues !== undefined) throw invalid(event, describeIssues(issues, data));
  return json;
}

/** A value as JSON text. @throws TypeError where JSON would drop part of it, or make something else of it */
export function toLosslessJson(value: unknown): string {
  const json = JSON.stringify(value, refuseLoss) as string | undefined;
  if (json === undefined) throw new TypeError('it is undefined');
  return json;
}

function toJson(event: EventWithData): string {
  try {
    return toLosslessJson(event.data);
  } catch (cause) {
    throw notJson(event, cause);
  }
}

/** What JSON would drop or turn into something else without a word. */
function refuseLoss(this: unknown, key: string, value: unknown): unknown {
  const problem = lossOf(value, Array.isArray(this));
  if (problem !== undefined) throw new TypeError(`${key === '' ? 'it' : `"${key}"`} is ${problem}`);
  return value;
}

const typesWithoutJson: readonly string[] = ['bigint', 'function', 'symbol'];

function lossOf(value: unknown, isElement: boolean): string | undefined {
  if (typesWithoutJson.includes(typeof value)) return `a ${typeof value}`;
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value);
  if (value instanceof Map || value instanceof Set) return `a ${value.constructor.name}`;
  return isElement && value === undefined ? 'undefined' : undefined;
}

function notJson({ type, id }: EventWithData, cause: unknown): OutboxError {
  const problem = cause instanceof Error ? cause.message : String(cause);
  return new OutboxError(
    'EVENT_NOT_JSON',
    `data of ${type} ${id} cannot be written as JSON: ${problem}. ` +
      'Use text, finite numbers, booleans, null, lists and plain objects',
    { facts: { type, eventId: id }, cause },
  );
}

function invalid({ type, id }: EventWithData, issues: readonly string[]): OutboxError {
  return new OutboxError(
    'EVENT_INVALID',
    `data of ${type} ${id} does not fit its schema: ${issues.join('; ')} ` +
      '(checked as the JSON that consumers get: a Date is text there)',
    { facts: { type, eventId: id, issues } },
  );
}
