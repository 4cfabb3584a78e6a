import type { Row } from '../../contract/entry.ts';
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

/** The table that an action writes to, for messages. */
export function tableNameOf(action: Action | undefined): string {
  return (action && requestOf(action).TableName) ?? 'unknown';
}
