import { GetItemCommand, type CancellationReason as ThrownReason } from '@aws-sdk/client-dynamodb';
import {
  DeleteCommand,
  PutCommand,
  TransactWriteCommand,
  UpdateCommand,
  type DynamoDBDocumentClient,
} from '@aws-sdk/lib-dynamodb';
import { marshall, type unmarshallOptions } from '@aws-sdk/util-dynamodb';

import { OutboxError } from '../core/errors.ts';
import {
  tableNameOf,
  type TransactItem,
  type CancellationReason,
  type SingleAction,
  type TransactionResult,
  type Transactor,
} from './actions.ts';
import { createDocumentClient } from './client.ts';
import { toCallersRow, toRow } from './items.ts';

/**
 * DynamoDB, through a document client with any settings.
 *
 * The client's `marshallOptions` apply to what is written. What is read back is decoded the same way with any
 * `unmarshallOptions`; they apply only to the caller's own items, such as those of `ALL_OLD`.
 *
 * @param client by default a new one that drops undefined values, as JSON does
 * @throws OutboxError from its methods: `TABLE_NOT_FOUND`, `TOKEN_MISMATCH`, `DUPLICATE_ITEM`; other
 * exceptions of the client pass through
 */
export function createDynamoDBTransactor(
  client: DynamoDBDocumentClient = createDocumentClient(),
): Transactor {
  return {
    transact: async (actions, token) => {
      try {
        await client.send(
          new TransactWriteCommand({ TransactItems: [...actions], ClientRequestToken: token }),
        );
        return { status: 'committed' };
      } catch (error) {
        return readRefusal(error, { client, actions });
      }
    },
    write: async (action) => {
      try {
        await sendAlone(action, client);
        return { status: 'committed' };
      } catch (error) {
        return readRefusal(error, { client, actions: [action] });
      }
    },
    get: async (tableName, key) => {
      try {
        const { Item } = await client.send(
          new GetItemCommand({ TableName: tableName, Key: marshall(key), ConsistentRead: true }),
        );
        return Item && toRow(Item);
      } catch (error) {
        throw explain(error, [tableName]);
      }
    },
  };
}

async function sendAlone(
  { Put, Update, Delete }: SingleAction,
  client: DynamoDBDocumentClient,
): Promise<void> {
  if (Put !== undefined) await client.send(new PutCommand(Put));
  if (Update !== undefined) await client.send(new UpdateCommand(Update));
  if (Delete !== undefined) await client.send(new DeleteCommand(Delete));
}

function readRefusal(
  error: unknown,
  { client, actions }: { client: DynamoDBDocumentClient; actions: readonly TransactItem[] },
): TransactionResult {
  const reasons = cancellationReasons(error);
  if (reasons !== undefined) {
    const options = client.config.translateConfig?.unmarshallOptions;
    return {
      status: 'cancelled',
      reasons: reasons.map((reason) => toReason(reason, options)),
      cause: hideItems(error),
    };
  }
  const code = busyCode(error);
  if (code !== undefined) return { status: 'busy', code, cause: error };
  throw explain(error, [...new Set(actions.map(tableNameOf))]);
}

/** The document client unmarshals answers, but not what it throws. */
function toReason(
  { Code: code = 'None', Message: message, Item }: ThrownReason,
  options: unmarshallOptions | undefined,
): CancellationReason {
  return {
    code,
    ...(message === undefined ? {} : { message }),
    ...(Item === undefined ? {} : { item: toCallersRow(Item, options), row: toRow(Item) }),
  };
}

/** Exceptions after which the same call, made again, tells the outcome. */
const busy: ReadonlySet<string> = new Set([
  'TransactionConflictException',
  'TransactionInProgressException',
  'ProvisionedThroughputExceededException',
  'ThrottlingException',
  'RequestLimitExceeded',
]);

/**
 * Why DynamoDB cancelled a transaction, one reason per action, or refused a single action; `undefined` where
 * `error` is something else.
 */
export function cancellationReasons(error: unknown): readonly ThrownReason[] | undefined {
  const { name, message, CancellationReasons, Item } = toThrown(error);
  if (name === 'TransactionCanceledException') return CancellationReasons;
  return name === 'ConditionalCheckFailedException'
    ? [{ Code: 'ConditionalCheckFailed', Message: message, Item }]
    : undefined;
}

/**
 * The same exception, whose items can still be read, and which logs leave out: they print all enumerable properties,
 * of causes too.
 */
function hideItems(error: unknown): unknown {
  const { CancellationReasons = [] } = toThrown(error);
  for (const holder of [error, ...CancellationReasons]) {
    const hasItem = typeof holder === 'object' && holder !== null && 'Item' in holder;
    if (hasItem) Object.defineProperty(holder, 'Item', { enumerable: false });
  }
  return error;
}

/** The exception's name, where all it says is that the database is busy. */
function busyCode(error: unknown): string | undefined {
  const { name } = toThrown(error);
  return busy.has(name) ? name : undefined;
}

/** What to throw for an exception of the client: an error that names the fix, or the exception itself. */
function explain(cause: unknown, tableNames: readonly string[]): unknown {
  const { name, message } = toThrown(cause);
  if (name === 'ResourceNotFoundException') return tableNotFound(tableNames, cause);
  if (name === 'IdempotentParameterMismatchException') return tokenMismatch(tableNames, cause);
  // DynamoDB gives this one no name of its own.
  const isDuplicate =
    name === 'ValidationException' && message.includes('multiple operations on one item');
  return isDuplicate ? duplicateItem(tableNames, cause) : cause;
}

/** What the client threw, as far as it is read here: by name, since `instanceof` fails across copies of the SDK. */
interface Thrown {
  readonly name: string;
  readonly message: string;
  readonly CancellationReasons?: readonly ThrownReason[];
  readonly Item?: ThrownReason['Item'];
}

function toThrown(error: unknown): Thrown {
  return error instanceof Error ? error : { name: '', message: '' };
}

// What every transactor throws, on any database.

function tableNotFound(tableNames: readonly string[], cause?: unknown): OutboxError {
  const named = tableNames.length === 1 ? 'table' : 'one of the tables';
  return new OutboxError(
    'TABLE_NOT_FOUND',
    `${named} ${tableNames.join(', ')} does not exist in this account and region: ` +
      'check the name, the region, and that the stack is deployed',
    { details: { tableNames }, cause },
  );
}

export function tokenMismatch(tableNames: readonly string[], cause?: unknown): OutboxError {
  return new OutboxError(
    'TOKEN_MISMATCH',
    'the token was used within ten minutes for another transaction: repeat the same one, ' +
      'with the same items and event ids, or use a new token',
    { details: { tableNames }, cause },
  );
}

function duplicateItem(tableNames: readonly string[], cause?: unknown): OutboxError {
  return new OutboxError(
    'DUPLICATE_ITEM',
    `a transaction takes one action on an item, but two are on the same item (tables: ${tableNames.join(', ')}): ` +
      'make them one, for example a condition check part of the update',
    { details: { tableNames }, cause },
  );
}
