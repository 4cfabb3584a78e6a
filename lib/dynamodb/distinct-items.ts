import { OutboxError } from '../core/errors.ts';
import { requestOf } from './action.ts';
import { isBinary, isWrappedNumber } from './item-size.ts';
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
  const texts = names.map((name) => keyText(attributes[name]));
  return texts.includes(undefined)
    ? undefined
    : JSON.stringify([TableName, ...names.map((name, index) => [name, texts[index]])]);
}

/**
 * A key attribute as text that also tells its type: text, number or binary. `undefined` where it cannot be compared
 * (a `Blob` gives its bytes only later): the database judges such a key.
 */
export function keyText(value: unknown): string | undefined {
  if (typeof value === 'string') return `S ${value}`;
  if (typeof value === 'number' || typeof value === 'bigint') return `N ${value}`;
  if (typeof value !== 'object' || value === null) return undefined;
  if (isBinary(value)) return `B ${toBase64(value)}`;
  return isWrappedNumber(value) ? `N ${value.value}` : undefined;
}

function toBase64(bytes: ArrayBuffer | ArrayBufferView): string {
  const view = ArrayBuffer.isView(bytes) ? bytes : new Uint8Array(bytes);
  return Buffer.from(view.buffer, view.byteOffset, view.byteLength).toString('base64');
}
