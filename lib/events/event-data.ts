import type { StandardSchemaV1 } from '@standard-schema/spec';

import { OutboxError } from '../core/errors.ts';
import { nameOfError } from '../core/redact.ts';
import type { OutboxEvent } from './event.ts';
import { NotLosslessError, toLosslessJson } from './lossless-json.ts';
import { describeIssues, namesIn } from './schema-issues.ts';

type EventWithData = Pick<OutboxEvent, 'definition' | 'id' | 'type' | 'data'>;

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
 * What is validated is what the text holds, not the object that it was made from: a consumer's parser
 * accepts everything that is stored. The text holds the schema's input.
 *
 * @throws OutboxError `EVENT_NOT_JSON`, `EVENT_INVALID`
 */
export async function toValidJson(event: OutboxEvent): Promise<string> {
  const json = toJson(event);
  const data: unknown = JSON.parse(json);
  const issues = await validate(event, data);
  if (issues !== undefined) throw invalid(event, describeIssues(issues, data, event.definition));
  return json;
}

function toJson(event: EventWithData): string {
  try {
    return toLosslessJson(event.data);
  } catch (error) {
    if (error instanceof NotLosslessError) throw notJson(event, error);
    throw error;
  }
}

async function validate(
  { definition, type, id }: OutboxEvent,
  data: unknown,
): Promise<readonly StandardSchemaV1.Issue[] | undefined> {
  try {
    return (await definition.schema['~standard'].validate(data)).issues;
  } catch (error) {
    // Its message may quote the data.
    throw new OutboxError(
      'EVENT_INVALID',
      `the schema of ${type} ${id} threw ${nameOfError(error)}: have it return issues instead`,
      { details: { type, eventId: id } },
    );
  }
}

function notJson({ definition, type, id }: EventWithData, error: NotLosslessError): OutboxError {
  const problem = error.describe(namesIn(definition.schema));
  return new OutboxError(
    'EVENT_NOT_JSON',
    `data of ${type} ${id} would not be the same after JSON: ${problem}. ` +
      'Use text, finite numbers, booleans, null, lists, plain objects and valid Dates',
    { details: { type, eventId: id } },
  );
}

function invalid({ type, id, definition }: OutboxEvent, issues: readonly string[]): OutboxError {
  const showMore =
    definition.validationDetail === 'messages'
      ? ''
      : ". For the schema's own messages, which can quote data, define the event with validationDetail: 'messages'";
  return new OutboxError(
    'EVENT_INVALID',
    `data of ${type} ${id} does not fit its schema: ${issues.join('; ')} ` +
      `(checked as the JSON that consumers get: a Date is text there)${showMore}`,
    { details: { type, eventId: id, issues } },
  );
}
