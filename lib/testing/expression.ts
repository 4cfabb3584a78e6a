import { OutboxError } from '../contract/error.ts';
import type { ActionRequest } from '../runtime/transaction/action.ts';

/** The attribute that a name or a `#placeholder` of an expression stands for. */
export function readName(name: string, { ExpressionAttributeNames = {} }: ActionRequest): string {
  return name.startsWith('#') ? (ExpressionAttributeNames[name] ?? name) : name;
}

/** The value that a `:placeholder` of an expression stands for. */
export function readValue(
  value: string,
  { ExpressionAttributeValues = {} }: ActionRequest,
): unknown {
  return ExpressionAttributeValues[value];
}

/** What an expression gets that the database in memory does not know. Better refused than misread. */
export function notUnderstood(expression: string): OutboxError {
  return new OutboxError(
    'OPTION_INVALID',
    `the database in memory does not understand "${expression.trim()}": it knows attribute_exists, ` +
      'attribute_not_exists, comparisons of an attribute with a value, AND, OR, SET name = :value and REMOVE name. ' +
      'Test what needs more on DynamoDB Local',
    { facts: { expression } },
  );
}
