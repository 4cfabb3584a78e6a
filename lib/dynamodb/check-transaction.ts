import { OutboxError } from '../core/errors.ts';
import { limits } from '../core/limits.ts';
import { checkAction, requestOf, tableNameOf } from './action.ts';
import { checkDistinctItems } from './distinct-items.ts';
import { itemBytes } from './item-size.ts';
import type { Action } from './transactor.ts';

/**
 * Checks what AWS would refuse, so that nothing is sent and the error says more.
 *
 * Sizes are exact where the action holds the whole item (Put); of the others it sees the key and the
 * values, and the database judges the rest. Two actions on one item are found where a key is known.
 *
 * @throws OutboxError `NOTHING_TO_WRITE`, `TOO_MANY_ACTIONS`, `ACTION_INVALID`, `TABLE_NAME_MISSING`, `ITEM_TOO_LARGE`,
 * `TRANSACTION_TOO_LARGE`, `DUPLICATE_ITEM`; `facts.index` is the action's place in `actions`
 */
export function checkTransaction(actions: readonly Action[]): void {
  checkCount(actions.length);
  actions.forEach(checkAction);
  checkSizes(actions);
  checkDistinctItems(actions);
}

/** @throws OutboxError `TOKEN_INVALID` unless the token has 1 to 36 characters */
export function checkToken(token: string): void {
  const { maxTokenChars } = limits.transaction;
  if (token.length >= 1 && token.length <= maxTokenChars) return;
  throw new OutboxError(
    'TOKEN_INVALID',
    `token must have 1 to ${maxTokenChars} characters, got ${token.length}: pass a UUID or a hash of that length`,
    { facts: { length: token.length, limit: maxTokenChars } },
  );
}

function checkCount(count: number): void {
  const { maxActions } = limits.transaction;
  if (count === 0) {
    throw new OutboxError(
      'NOTHING_TO_WRITE',
      'a transaction needs at least one item or event, got none: skip the call where there is nothing to write',
    );
  }
  if (count <= maxActions) return;
  throw new OutboxError(
    'TOO_MANY_ACTIONS',
    `a transaction takes at most ${maxActions} actions, got ${count}: ` +
      'each item, each event and each aggregate with a sequence of "next" is one; split the write, ' +
      'or let one event tell of several changes',
    { facts: { count, limit: maxActions } },
  );
}

function checkSizes(actions: readonly Action[]): void {
  const sizes = actions.map(actionBytes);
  actions.forEach((action, index) => {
    checkItemSize(action, { index, bytes: sizes[index] ?? 0 });
  });
  const bytes = sizes.reduce((total, size) => total + size, 0);
  const { maxBytes } = limits.transaction;
  if (bytes <= maxBytes) return;
  throw new OutboxError(
    'TRANSACTION_TOO_LARGE',
    `a transaction takes at most ${maxBytes} bytes, got ${bytes}: split the write, or keep large data in S3 and its place in the item`,
    { facts: { bytes, limit: maxBytes } },
  );
}

function checkItemSize(action: Action, { index, bytes }: { index: number; bytes: number }): void {
  const { maxItemBytes } = limits.table;
  if (action.Put === undefined || bytes <= maxItemBytes) return;
  const tableName = tableNameOf(action);
  throw new OutboxError(
    'ITEM_TOO_LARGE',
    `an item takes at most ${maxItemBytes} bytes, the one of action ${index} (table ${tableName}) has ${bytes}: ` +
      'keep large data in S3 and its place in the item',
    { facts: { index, tableName, bytes, limit: maxItemBytes } },
  );
}

function actionBytes(action: Action): number {
  const { Item, Key = {}, ExpressionAttributeValues = {} } = requestOf(action);
  return Item === undefined
    ? itemBytes(Key) + itemBytes(ExpressionAttributeValues)
    : itemBytes(Item);
}
