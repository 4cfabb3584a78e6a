import type { Row } from '../../contract/entry.ts';
import { OutboxError } from '../../contract/error.ts';
import { requestOf } from './action.ts';
import type { Action } from './transactor.ts';

/** The names of a key's attributes, by table. */
type KeyNames = ReadonlyMap<string, readonly string[]>;

/**
 * Refuses two actions on one item, as DynamoDB does.
 *
 * Which attributes of a Put's item are its key only the table knows; another action on the same table
 * that names its key gives them away. Where none does, the database is left to judge.
 *
 * @param known names of the key's attributes, by table, as far as they are known
 * @throws OutboxError `DUPLICATE_ITEM`
 */
export function checkDistinctItems(
  actions: readonly Action[],
  known: KeyNames = new Map<string, readonly string[]>(),
): void {
  const keyNames = new Map([...known, ...keyNamesOf(actions)]);
  const seen = new Map<string, number>();
  actions.forEach((action, index) => {
    const identity = identify(action, keyNames);
    if (identity === undefined) return;
    const first = seen.get(identity);
    if (first !== undefined) throw duplicateItem(action, [first, index]);
    seen.set(identity, index);
  });
}

function duplicateItem(action: Action, indexes: readonly [number, number]): OutboxError {
  const { TableName: tableName = 'unknown' } = requestOf(action);
  return new OutboxError(
    'DUPLICATE_ITEM',
    `a transaction takes one action on an item, but actions ${indexes.join(' and ')} are on the same item of table ${tableName}: ` +
      'make them one, for example a condition check part of the update',
    { facts: { indexes, tableName } },
  );
}

function keyNamesOf(actions: readonly Action[]): KeyNames {
  const requests = actions.map(requestOf);
  return new Map(
    requests.flatMap(({ TableName, Key }) =>
      TableName === undefined || Key === undefined ? [] : [[TableName, Object.keys(Key).sort()]],
    ),
  );
}

function identify(action: Action, keyNames: KeyNames): string | undefined {
  const { TableName = '', Item, Key } = requestOf(action);
  const names = keyNames.get(TableName);
  const attributes = Key ?? Item;
  if (names === undefined || attributes === undefined) return undefined;
  return JSON.stringify([TableName, ...names.map((name) => keyText(attributes, name))]);
}

/** A key attribute as text that also tells its type: text, number or binary. */
function keyText(
  attributes: Row,
  name: string,
): readonly [name: string, type: string, value: string] {
  const value = attributes[name];
  if (typeof value === 'string') return [name, 'S', value];
  if (ArrayBuffer.isView(value)) return [name, 'B', toBase64(value)];
  return [name, 'N', String(value)];
}

function toBase64({ buffer, byteOffset, byteLength }: ArrayBufferView): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString('base64');
}
