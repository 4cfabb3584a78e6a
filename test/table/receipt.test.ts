import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import type { Row } from '../../lib/table/entry.ts';
import { pageOf } from '../../lib/table/keys.ts';
import {
  isReceiptRow,
  packIds,
  receiptOutcomes,
  receiptToRow,
  rowToReceipt,
  unpackIds,
  type Receipt,
} from '../../lib/table/receipt.ts';
import { itemBytes } from '../../lib/dynamodb/items.ts';
import { newId } from '../../lib/core/system.ts';
import { someId, someMoment, someNonsense } from '../support/arbitraries.ts';
import { aReceipt, someTime } from '../support/entries.ts';

const someReceipt: fc.Arbitrary<Receipt> = fc.record(
  {
    id: someId,
    page: someMoment.map(pageOf),
    outcome: fc.constantFrom(...receiptOutcomes),
    time: someMoment,
    eventIds: fc.array(someId, { maxLength: 200 }),
    invalidRows: fc.array(
      fc.string().map((text) => `e#${text}`),
      { minLength: 1 },
    ),
    expiresAt: fc.nat(),
  },
  {
    requiredKeys: ['id', 'page', 'outcome', 'time', 'eventIds', 'expiresAt'],
    noNullPrototype: true,
  },
);

describe('event ids', () => {
  it('are packed into 16 bytes each, and come back in their order', () => {
    fc.assert(
      fc.property(fc.array(someId, { maxLength: 200 }), (ids) => {
        const packed = packIds(ids);

        expect(packed).toHaveLength(16 * ids.length);
        expect(unpackIds(packed)).toEqual(ids);
      }),
    );
  });

  it('come back from bytes that share their buffer with others, as a client may answer', () => {
    const ids = [newId(someTime), newId(someTime)];
    const pool = Buffer.concat([Buffer.from('before'), packIds(ids), Buffer.from('after')]);

    expect(unpackIds(pool.subarray(6, 6 + 32))).toEqual(ids);
  });
});

describe('the row of a receipt', () => {
  it('gives the receipt back', () => {
    fc.assert(
      fc.property(someReceipt, fc.integer({ min: 1, max: 256 }), (receipt, shards) => {
        const row = receiptToRow(receipt, shards);

        expect(isReceiptRow(row)).toBe(true);
        expect(rowToReceipt(row)).toEqual(receipt);
      }),
    );
  });

  it('costs two write units where it speaks of a hundred entries', () => {
    const eventIds = Array.from({ length: 100 }, () => newId(someTime));

    expect(itemBytes(receiptToRow(aReceipt({ eventIds }), 16))).toBeLessThanOrEqual(2 * 1024);
  });

  it('says nothing of invalid rows where there are none', () => {
    expect(receiptToRow(aReceipt({ invalidRows: [] }), 16)).not.toHaveProperty('invalidRows');
  });
});

describe('a row that cannot be read as a receipt', () => {
  const valid = receiptToRow(aReceipt(), 16);

  it.each<{ what: string; change: Row }>([
    { what: 'a key of no page', change: { pk: 'meta' } },
    { what: 'a key that is no text', change: { pk: 1 } },
    { what: 'the sort key of an entry', change: { sk: 'e#1' } },
    { what: 'an unknown outcome', change: { outcome: 'lost' } },
    { what: 'no ids', change: { ids: undefined } },
    { what: 'ids as text', change: { ids: 'abc' } },
    { what: 'half an id', change: { ids: new Uint8Array(8) } },
    { what: 'invalid rows that are no list', change: { invalidRows: 'e#1' } },
  ])('is told as such: $what', ({ change }) => {
    expect(isReceiptRow(valid)).toBe(true);
    expect(isReceiptRow({ ...valid, ...change })).toBe(false);
  });

  it('is told as such whatever it holds, and never throws', () => {
    fc.assert(
      fc.property(someNonsense, (row) => {
        expect(isReceiptRow(row)).toBe(false);
      }),
    );
  });
});
