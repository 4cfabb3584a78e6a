import { isAnyArrayBuffer } from 'node:util/types';

import type { AttributeValue, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall, type unmarshallOptions } from '@aws-sdk/util-dynamodb';

import { OutboxError } from '../core/errors.ts';
import { limits } from '../core/limits.ts';
import type { Row } from '../table/entry.ts';
import type { Key } from '../table/keys.ts';

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
    { details: { pk, sk, bytes, limit } },
  );
}

function numberOrText(text: string): number | string {
  const number = Number(text);
  return String(number) === text ? number : text;
}

/** The size overhead of a list or a map, and of each element in it. */
const containerBytes = 3;
const elementBytes = 1;
const maxNumberBytes = 21;

/**
 * Bytes that DynamoDB counts for an item (in the document client's shape): names and values.
 *
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
 */
export function itemBytes(item: object): number {
  return sum(attributesOf(item), ([name, value]) => textBytes(name) + valueBytes(value));
}

/**
 * Whether lists and maps are nested in more than so many levels. What refers to itself is, and has no size.
 *
 * @param levels those that are left, the value's own included
 */
export function isNestedDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null || value instanceof Set) return false;
  if (isBinary(value) || value instanceof Blob || isWrappedNumber(value)) return false;
  if (levels === 0) return true;
  const parts = value instanceof Map ? [...value.values()] : Object.values(value);
  return parts.some((part) => isNestedDeeper(part, levels - 1));
}

function valueBytes(value: unknown): number {
  if (typeof value === 'string') return textBytes(value);
  if (typeof value === 'number' || typeof value === 'bigint') return numberBytes(String(value));
  return typeof value === 'object' && value !== null ? objectBytes(value) : 1;
}

function objectBytes(value: object): number {
  if (value instanceof Set) return sum([...(value as Set<unknown>)], valueBytes);
  if (isBinary(value)) return value.byteLength;
  if (value instanceof Blob) return value.size;
  if (isWrappedNumber(value)) return numberBytes(value.value);
  return containerBytes + (Array.isArray(value) ? listBytes(value) : mapBytes(value));
}

function listBytes(list: readonly unknown[]): number {
  const elements = list.filter((element) => element !== undefined);
  return sum(elements, (element) => elementBytes + valueBytes(element));
}

function mapBytes(map: object): number {
  return sum(
    attributesOf(map),
    ([name, value]) => elementBytes + textBytes(name) + valueBytes(value),
  );
}

/** Without undefined values, which are never written: the document client drops them, or throws. */
function attributesOf(map: object): [name: string, value: unknown][] {
  const attributes =
    map instanceof Map ? [...(map as Map<string, unknown>)] : Object.entries<unknown>({ ...map });
  return attributes.filter(([, value]) => value !== undefined);
}

/**
 * A number takes one byte, one for each pair of digits from its first significant one to its last
 * (pairs as they lie about the decimal point), and one if it is negative.
 *
 * AWS documents this as approximate; found by trying, and tested, on DynamoDB Local.
 */
function numberBytes(text: string): number {
  const [, minus = '', whole = '', fraction = '', exponent = '0'] =
    /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]?\d+))?$/i.exec(text) ?? [];
  const digits = whole + fraction;
  const first = digits.search(/[1-9]/);
  if (first === -1) return 1;
  const last = digits.replace(/0+$/, '').length - 1;
  const pairOf = (digit: number): number =>
    Math.floor((whole.length - 1 - digit + Number(exponent)) / 2);
  return Math.min(maxNumberBytes, 1 + pairOf(first) - pairOf(last) + 1 + minus.length);
}

function textBytes(text: string): number {
  return Buffer.byteLength(text, 'utf8');
}

/** Bytes that can be read at once. */
export function isBinary(value: object): value is ArrayBuffer | ArrayBufferView {
  return isAnyArrayBuffer(value) || ArrayBuffer.isView(value);
}

/** The document client's `NumberValue`, from whichever copy of it. */
export function isWrappedNumber(value: object): value is { value: string } {
  return 'toAttributeValue' in value && 'value' in value;
}

function sum<T>(all: readonly T[], bytes: (one: T) => number): number {
  return all.reduce((total, one) => total + bytes(one), 0);
}
