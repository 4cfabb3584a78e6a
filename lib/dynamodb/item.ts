import type { AttributeValue, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall, type unmarshallOptions } from '@aws-sdk/util-dynamodb';

import type { Row } from '../table/entry.ts';
import { OutboxError } from '../core/errors.ts';
import type { Key } from '../table/keys.ts';
import { limits } from '../core/limits.ts';
import { itemBytes } from './item-size.ts';

/** A row as DynamoDB's own API has it: each value with its type. */
export type Item = Record<string, AttributeValue>;

/**
 * A client that sends commands of DynamoDB's own API. A document client is one too, and its marshalling options do
 * not apply to such commands: rows of the package are read this way, so that no setting of a client changes them.
 */
export type ItemClient = Pick<DynamoDBClient, 'send'>;

/**
 * A row as an item to write.
 *
 * @throws OutboxError `ITEM_TOO_LARGE`: DynamoDB would refuse it without saying which one it was
 */
export function toItem(row: Row): Item {
  const bytes = itemBytes(row);
  if (bytes > limits.table.maxItemBytes) throw tooLarge(row, bytes);
  return marshall(row, { removeUndefinedValues: true });
}

/** A key as DynamoDB's own API has it. */
export function toItemKey({ pk, sk }: Key): Item {
  return { pk: { S: pk }, sk: { S: sk } };
}

/**
 * An item as a row: the one decoder of rows that the package reads back. Never throws: a number that JavaScript
 * cannot hold comes back as its text.
 */
export function toRow(item: Item): Row {
  return unmarshall(item, { wrapNumbers: numberOrText });
}

/**
 * An item of the caller's, as the caller's own client returns items.
 *
 * Never throws: where the client's `wrapNumbers` throws, or a number fits neither a number nor a bigint, the item is
 * decoded as {@link toRow} does.
 *
 * @param options `unmarshallOptions` of the caller's client. Only `wrapNumbers` is read, and nothing is written: the
 * SDK itself stores settings of its own in that object, which do not apply to a whole item.
 * https://github.com/aws/aws-sdk-js-v3/issues/6723
 */
export function toCallersRow(item: Item, { wrapNumbers }: unmarshallOptions = {}): Row {
  try {
    return unmarshall(item, wrapNumbers === undefined ? {} : { wrapNumbers });
  } catch {
    return toRow(item);
  }
}

/** An item as JSON for a person to judge, binary values in base64. */
export function toJson(item: Item): string {
  return JSON.stringify(item, function (this: Record<string, unknown>, name, value: unknown) {
    const original = this[name];
    return original instanceof Uint8Array ? Buffer.from(original).toString('base64') : value;
  });
}

function tooLarge(row: Row, bytes: number): OutboxError {
  const { pk, sk } = row as unknown as Key;
  const limit = limits.table.maxItemBytes;
  return new OutboxError(
    'ITEM_TOO_LARGE',
    `row ${pk} / ${sk} has ${bytes} bytes, an item at most ${limit}: ` +
      'write events through the package, which leaves room for what is added while they wait',
    { facts: { pk, sk, bytes, limit } },
  );
}

function numberOrText(text: string): number | string {
  const number = Number(text);
  return String(number) === text ? number : text;
}
