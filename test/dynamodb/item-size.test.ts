import { DynamoDBDocumentClient, NumberValue, PutCommand } from '@aws-sdk/lib-dynamodb';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import type { Row } from '../../lib/table/entry.ts';
import { limits } from '../../lib/core/limits.ts';
import { itemBytes } from '../../lib/dynamodb/items.ts';
import { createKeyedTable, localClient } from '../support/tables.ts';

const { maxItemBytes } = limits.table;
const client = DynamoDBDocumentClient.from(localClient(), {
  marshallOptions: { removeUndefinedValues: true },
});

/** An item filled up with text until it should have `bytes`. */
function fillTo(bytes: number, attributes: Row): Row {
  const item = { pk: 'a', sk: 'b', ...attributes, filler: '' };
  return { ...item, filler: 'x'.repeat(bytes - itemBytes(item)) };
}

async function isTaken(tableName: string, item: Row): Promise<boolean> {
  try {
    await client.send(new PutCommand({ TableName: tableName, Item: item }));
    return true;
  } catch (error) {
    if (String(error).includes('Item size has exceeded')) return false;
    throw error;
  }
}

const numbers = fc.oneof(
  fc.maxSafeInteger(),
  fc.double({ noNaN: true, min: -1e15, max: 1e15 }).filter((n) => n === 0 || Math.abs(n) > 1e-100),
  fc.bigInt({ min: -(10n ** 38n) + 1n, max: 10n ** 38n - 1n }),
  fc
    .tuple(fc.bigInt({ min: 1n, max: 10n ** 38n - 1n }), fc.integer({ min: -120, max: 80 }))
    .map(([digits, exponent]) => new NumberValue(`${digits}E${exponent}`)),
);
// The SDK's marshaller loses an attribute of that name.
const names = fc
  .string({ minLength: 1, maxLength: 12, unit: 'grapheme' })
  .filter((name) => name !== '__proto__');
const { value: values } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.string({ unit: 'grapheme' }),
    numbers,
    fc.boolean(),
    fc.constant(null),
    fc.constant(undefined),
    fc.uint8Array(),
    fc.uniqueArray(names, { minLength: 1 }).map((all) => new Set(all)),
    fc.uniqueArray(fc.maxSafeInteger(), { minLength: 1 }).map((all) => new Set(all)),
    fc.array(tie('value'), { maxLength: 5 }),
    fc.dictionary(names, tie('value'), { maxKeys: 5, noNullPrototype: true }),
    fc
      .dictionary(names, tie('value'), { maxKeys: 5, noNullPrototype: true })
      .map((map) => new Map(Object.entries(map))),
  ),
}));

describe('the size of an item', () => {
  it('is what DynamoDB counts, to the byte, at the limit', async () => {
    const tableName = await createKeyedTable(localClient());

    await fc.assert(
      fc.asyncProperty(fc.array(values, { minLength: 1, maxLength: 6 }), async (all) => {
        const attributes = Object.fromEntries(all.map((value, index) => [`a${index}`, value]));

        const atLimit = await isTaken(tableName, fillTo(maxItemBytes, attributes));
        const beyond = await isTaken(tableName, fillTo(maxItemBytes + 1, attributes));

        expect([atLimit, beyond]).toEqual([true, false]);
      }),
      { numRuns: 30 },
    );
  });

  it.each([
    [{ name: '' }, 4],
    [{ é: '€' }, 5],
    [{ n: 0 }, 2],
    [{ n: -1 }, 4],
    [{ n: 100 }, 3],
    [{ n: 123.456 }, 6],
    [{ n: 1e-7 }, 3],
    [{ yes: true }, 4],
    [{ no: null }, 3],
    [{ b: new Uint8Array(10) }, 11],
    [{ b: new ArrayBuffer(10) }, 11],
    [{ gone: undefined }, 0],
    [{ l: [] }, 4],
    [{ l: ['a', 'b'] }, 8],
    [{ m: { k: 'v' } }, 7],
    [{ s: new Set(['ab', 'c']) }, 4],
  ])('of %o is %i', (item, bytes) => {
    expect(itemBytes(item)).toBe(bytes);
  });
});
