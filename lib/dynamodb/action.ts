import type { Row } from '../table/entry.ts';
import { OutboxError } from '../core/errors.ts';
import { limits } from '../core/limits.ts';
import { isNestedDeeper } from './item-size.ts';
import type { Action } from './transactor.ts';

/** What an action asks for, whatever its kind. A Put has an item, every other kind a key. */
export interface ActionRequest {
  readonly TableName?: string | undefined;
  readonly Item?: Row | undefined;
  readonly Key?: Row | undefined;
  readonly UpdateExpression?: string | undefined;
  readonly ConditionExpression?: string | undefined;
  readonly ExpressionAttributeNames?: Readonly<Record<string, string>> | undefined;
  readonly ExpressionAttributeValues?: Row | undefined;
  readonly ReturnValuesOnConditionCheckFailure?: string | undefined;
}

/** The request in an action; an empty one where the action holds none, which the database refuses. */
export function requestOf(action: Action): ActionRequest {
  return action.Put ?? action.Update ?? action.Delete ?? action.ConditionCheck ?? {};
}

const kinds = ['Put', 'Update', 'Delete', 'ConditionCheck'] as const;

/**
 * Checks what the types promise and JavaScript does not: one kind of action, a table, and an item or a key.
 *
 * @param index the action's place, for the message
 * @throws OutboxError `ACTION_INVALID`, `TABLE_NAME_MISSING`
 */
export function checkAction(action: Action | null | undefined, index: number): void {
  const given: Partial<Action> = action ?? {};
  const present = kinds.filter((kind) => given[kind] !== undefined);
  const [kind] = present;
  if (kind === undefined || present.length > 1) {
    const got = (kind === undefined ? Object.keys(given) : present).join(', ') || 'nothing';
    throw invalid(
      index,
      `must be one of ${kinds.join(', ')}, got ${got}: write { Put: { TableName, Item } }`,
    );
  }
  const request = (given[kind] as ActionRequest | null) ?? {};
  const { TableName } = request;
  if (typeof TableName !== 'string' || TableName === '') {
    const got = TableName === undefined ? 'undefined' : JSON.stringify(TableName);
    throw new OutboxError(
      'TABLE_NAME_MISSING',
      `${kind} of action ${index} has no TableName, got ${got}: the environment variable that names the table is probably not set. ` +
        "Set it on the function in the CDK app, for example with fn.addEnvironment('ORDERS_TABLE', orders.tableName)",
      { facts: { index, kind } },
    );
  }
  const needed = kind === 'Put' ? 'Item' : 'Key';
  const value: unknown = request[needed];
  if (typeof value !== 'object' || value === null) {
    throw invalid(index, `(${kind} on table ${TableName}) has no ${needed}: give it one`);
  }
  const { maxLevels } = limits.table;
  const { Key, Item, ExpressionAttributeValues } = request;
  if (![Key, Item, ExpressionAttributeValues].some((part) => isNestedDeeper(part, maxLevels)))
    return;
  throw invalid(
    index,
    `(${kind} on table ${TableName}) refers to itself, or is nested in more than ${maxLevels} levels, which DynamoDB refuses: ` +
      'leave the reference out, or keep the deep part as JSON text',
  );
}

function invalid(index: number, problem: string): OutboxError {
  return new OutboxError('ACTION_INVALID', `action ${index} ${problem}`, { facts: { index } });
}

/** The table that an action writes to, for messages. */
export function tableNameOf(action: Action | undefined): string {
  return (action && requestOf(action).TableName) ?? 'unknown';
}
