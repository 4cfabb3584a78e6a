import type { TransactWriteCommandInput } from '@aws-sdk/lib-dynamodb';

import { OutboxError } from '../core/errors.ts';
import { limits } from '../core/limits.ts';
import type { Row } from '../table/entry.ts';
import { isBinary, isNestedDeeper, isWrappedNumber, itemBytes } from './items.ts';

/** One action of a transaction, in the document client's shape: a Put, Update, Delete or ConditionCheck. */
export type TransactItem = NonNullable<TransactWriteCommandInput['TransactItems']>[number];

/** An action that can be sent alone. A condition check alone would write nothing. */
export type SingleAction = Omit<TransactItem, 'ConditionCheck'>;

/**
 * Why an action stopped its transaction; `None` for one that did not.
 * https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_CancellationReason.html
 */
export interface CancellationReason {
  readonly code: string;
  readonly message?: string;
  /** The item as it was, where the action asked for it on a failed condition; decoded as the caller's client does. */
  readonly item?: Row;
  /** The same item with plain numbers, regardless of the client's settings: rows of the package are read from it. */
  readonly row?: Row;
}

/**
 * The outcome of a transaction. If it was cancelled, `reasons` has one entry per action, in their
 * order. `busy` is neither: the database throttles, or is still at work on a call with the same
 * token; the same call, made again, tells.
 */
export type TransactionResult =
  | { readonly status: 'committed' }
  | {
      readonly status: 'cancelled';
      readonly reasons: readonly CancellationReason[];
      readonly cause?: unknown;
    }
  | { readonly status: 'busy'; readonly code: string; readonly cause?: unknown };

/** The database as writers and inboxes see it: all of a transaction, or nothing. */
export interface Transactor {
  /**
   * Sends one transaction. Calling again with the same token and actions within ten minutes of
   * success changes nothing. Throws where the outcome is unknown or the call was refused whole.
   */
  transact(actions: readonly TransactItem[], token: string): Promise<TransactionResult>;
  /**
   * Sends one action by itself, for half the write units. `reasons` has one entry where it is cancelled.
   *
   * There is no token: where an answer is lost and the client tries again, the condition may fail because of
   * the first try. Ask for the old item, and see whose it is.
   */
  write(action: SingleAction): Promise<TransactionResult>;
  /** Reads one item, consistently. */
  get(tableName: string, key: Row): Promise<Row | undefined>;
}

/** The request of an action of any kind. A Put has an item, every other kind a key. */
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
export function requestOf(action: TransactItem): ActionRequest {
  return action.Put ?? action.Update ?? action.Delete ?? action.ConditionCheck ?? {};
}

const kinds = ['Put', 'Update', 'Delete', 'ConditionCheck'] as const;

/**
 * Checks what the types promise and JavaScript does not: one kind of action, a table, and an item or a key.
 *
 * @param index the action's place, for the message
 * @throws OutboxError `ACTION_INVALID`, `TABLE_NAME_MISSING`
 */
export function checkAction(action: TransactItem | null | undefined, index: number): void {
  const given: Partial<TransactItem> = action ?? {};
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
      { details: { index, kind } },
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
  return new OutboxError('ACTION_INVALID', `action ${index} ${problem}`, { details: { index } });
}

/** The table that an action writes to, for messages. */
export function tableNameOf(action: TransactItem | undefined): string {
  return (action && requestOf(action).TableName) ?? 'unknown';
}

/**
 * Checks what AWS would refuse, so that nothing is sent and the error says more.
 *
 * Sizes are exact where the action holds the whole item (Put); of the others it sees the key and the
 * values, and the database judges the rest. Two actions on one item are found where a key is known.
 *
 * @throws OutboxError `NOTHING_TO_WRITE`, `TOO_MANY_ACTIONS`, `ACTION_INVALID`, `TABLE_NAME_MISSING`, `ITEM_TOO_LARGE`,
 * `TRANSACTION_TOO_LARGE`, `DUPLICATE_ITEM`; `details.index` is the action's place in `actions`
 */
export function checkTransaction(actions: readonly TransactItem[]): void {
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
    { details: { length: token.length, limit: maxTokenChars } },
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
    { details: { count, limit: maxActions } },
  );
}

function checkSizes(actions: readonly TransactItem[]): void {
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
    { details: { bytes, limit: maxBytes } },
  );
}

function checkItemSize(
  action: TransactItem,
  { index, bytes }: { index: number; bytes: number },
): void {
  const { maxItemBytes } = limits.table;
  if (action.Put === undefined || bytes <= maxItemBytes) return;
  const tableName = tableNameOf(action);
  throw new OutboxError(
    'ITEM_TOO_LARGE',
    `an item takes at most ${maxItemBytes} bytes, the one of action ${index} (table ${tableName}) has ${bytes}: ` +
      'keep large data in S3 and its place in the item',
    { details: { index, tableName, bytes, limit: maxItemBytes } },
  );
}

function actionBytes(action: TransactItem): number {
  const { Item, Key = {}, ExpressionAttributeValues = {} } = requestOf(action);
  return Item === undefined
    ? itemBytes(Key) + itemBytes(ExpressionAttributeValues)
    : itemBytes(Item);
}

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
  actions: readonly TransactItem[],
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

function duplicateItem(action: TransactItem, indexes: readonly [number, number]): OutboxError {
  const { TableName: tableName = 'unknown' } = requestOf(action);
  return new OutboxError(
    'DUPLICATE_ITEM',
    `a transaction takes one action on an item, but actions ${indexes.join(' and ')} are on the same item of table ${tableName}: ` +
      'make them one, for example a condition check part of the update',
    { details: { indexes, tableName } },
  );
}

function keyNamesOf(actions: readonly TransactItem[]): KeyNames {
  const requests = actions.map(requestOf);
  return new Map(
    requests.flatMap(({ TableName, Key }) =>
      TableName === undefined || Key === undefined ? [] : [[TableName, Object.keys(Key).sort()]],
    ),
  );
}

function identify(action: TransactItem, keyNames: KeyNames): string | undefined {
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
