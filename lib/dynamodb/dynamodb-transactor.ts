import { GetItemCommand, type CancellationReason as ThrownReason } from '@aws-sdk/client-dynamodb';
import {
  DeleteCommand,
  type DynamoDBDocumentClient,
  PutCommand,
  TransactWriteCommand,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import { marshall, type unmarshallOptions } from '@aws-sdk/util-dynamodb';

import { createDocumentClient } from './document-client.ts';
import { toCallersRow, toRow } from './item.ts';
import { tableNameOf } from './action.ts';
import { busyCode, cancellationReasons, explain, hideItems } from './dynamodb-errors.ts';
import type {
  Action,
  CancellationReason,
  SingleAction,
  TransactionResult,
  Transactor,
} from './transactor.ts';

/**
 * DynamoDB, through a document client with any settings.
 *
 * The client's `marshallOptions` apply to what is written. What is read back is decoded the same way whatever its
 * `unmarshallOptions` are; they apply only to the caller's own items, such as those of `ALL_OLD`.
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
  { client, actions }: { client: DynamoDBDocumentClient; actions: readonly Action[] },
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
