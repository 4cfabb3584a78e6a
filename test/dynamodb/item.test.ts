import { describe, expect, it } from 'vitest';

import { toItem, toJson, toRow } from '../../lib/dynamodb/items.ts';

describe('an item', () => {
  it('becomes a row and an item again', () => {
    const row = { pk: 'a', sk: 'b', n: -1.5, list: ['x', 2], map: { yes: true }, none: null };

    expect(toRow(toItem(row))).toEqual(row);
  });

  it('keeps as text a number that JavaScript cannot hold', () => {
    const numbers = ['12345678901234567890', '0.12345678901234567890123', '1e126', '42', '0.1'];

    const row = toRow({ numbers: { L: numbers.map((N) => ({ N })) } });

    expect(row['numbers']).toEqual([...numbers.slice(0, 3), 42, 0.1]);
  });

  it('leaves out what is undefined', () => {
    expect(toItem({ pk: 'a', sk: 'b', gone: undefined })).toEqual({
      pk: { S: 'a' },
      sk: { S: 'b' },
    });
  });

  it('is told as JSON with its binary values in base64', () => {
    const json = toJson({ a: { B: Uint8Array.of(1, 2, 3) }, b: { BS: [Buffer.from([4])] } });

    expect(JSON.parse(json)).toEqual({ a: { B: 'AQID' }, b: { BS: ['BA=='] } });
  });

  it('has its row named where it is too large, never its values', () => {
    const write = (): unknown =>
      toItem({ pk: 'w#order/1', sk: '7', data: 'secret'.repeat(70_000) });

    expect(write).toThrow(/row w#order\/1 \/ 7 has 42\d{4} bytes, an item at most 409600: /);
    expect(write).not.toThrow(/secret/);
  });
});
