import { isDeepStrictEqual } from 'node:util';

import type { Row } from '../contract/entry.ts';
import type { ActionRequest } from '../runtime/transaction/action.ts';
import { readName, readValue, notUnderstood } from './expression.ts';

/**
 * Whether an item (empty, where there is none) meets the condition of a request.
 *
 * Understands clauses joined by AND and OR, without brackets: `attribute_exists(name)`,
 * `attribute_not_exists(name)`, and `name = :value` with any comparison.
 *
 * @throws OutboxError `OPTION_INVALID` for anything else
 */
export function meetsCondition(item: Row, request: ActionRequest): boolean {
  const { ConditionExpression: expression } = request;
  if (expression === undefined) return true;
  return expression
    .split(/\s+OR\s+/)
    .some((all) => all.split(/\s+AND\s+/).every((clause) => meetsClause(item, clause, request)));
}

function meetsClause(item: Row, clause: string, request: ActionRequest): boolean {
  const verdict = existence(item, clause, request) ?? comparison(item, clause, request);
  if (verdict === undefined) throw notUnderstood(clause);
  return verdict;
}

function existence(item: Row, clause: string, request: ActionRequest): boolean | undefined {
  const [, not, name] = /^\s*attribute_(not_)?exists\s*\(\s*([#\w]+)\s*\)\s*$/.exec(clause) ?? [];
  if (name === undefined) return undefined;
  const isThere = item[readName(name, request)] !== undefined;
  return not === undefined ? isThere : !isThere;
}

function comparison(item: Row, clause: string, request: ActionRequest): boolean | undefined {
  const [, name = '', operator, value = ''] =
    /^\s*([#\w]+)\s*(=|<>|<=|<|>=|>)\s*(:\w+)\s*$/.exec(clause) ?? [];
  if (operator === undefined) return undefined;
  return compare(item[readName(name, request)], operator, readValue(value, request));
}

/** A comparison with an attribute that is missing, or of another type, is false; `<>` is true. */
function compare(actual: unknown, operator: string, expected: unknown): boolean {
  if (operator === '=') return isDeepStrictEqual(actual, expected);
  if (operator === '<>') return !isDeepStrictEqual(actual, expected);
  if (!isOrdered(actual) || !isOrdered(expected) || typeof actual !== typeof expected) return false;
  return orderings[operator]?.(actual, expected) ?? false;
}

type Ordered = string | number;

const orderings: Readonly<Record<string, (a: Ordered, b: Ordered) => boolean>> = {
  '<': (a, b) => a < b,
  '<=': (a, b) => a <= b,
  '>': (a, b) => a > b,
  '>=': (a, b) => a >= b,
};

function isOrdered(value: unknown): value is Ordered {
  return typeof value === 'string' || typeof value === 'number';
}
