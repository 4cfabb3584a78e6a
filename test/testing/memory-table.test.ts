import { describe, expect, it } from 'vitest';

import { createMemoryTable } from '../../lib/testing/memory-table.ts';

describe('a table in memory', () => {
  it('keeps what was written, whatever becomes of the object that was handed in or out', () => {
    const table = createMemoryTable();
    const row = { pk: 'a', sk: 'b', list: [1] };
    table.put(row);

    row.list.push(2);
    (table.get({ pk: 'a', sk: 'b' })?.['list'] as number[]).push(3);

    expect(table.get({ pk: 'a', sk: 'b' })).toEqual({ pk: 'a', sk: 'b', list: [1] });
  });

  it('sorts a partition by the bytes of its sort keys, as DynamoDB does', () => {
    const table = createMemoryTable();
    // By UTF-16 units, as JavaScript sorts, the emoji would come before the full-width letter.
    for (const sk of ['😀', 'b', 'Ａ', 'a', 'B']) table.put({ pk: 'p', sk });

    expect(table.query('p').map(({ sk }) => sk?.S)).toEqual(['B', 'a', 'b', 'Ａ', '😀']);
  });

  it('holds one row of a key, the last one written', () => {
    const table = createMemoryTable();
    table.put({ pk: 'a', sk: 'b', n: 1 });
    table.put({ pk: 'a', sk: 'b', n: 2 });

    expect(table.rows()).toEqual([{ pk: 'a', sk: 'b', n: 2 }]);
  });

  it('refuses a row that is too large, and keeps none of it', () => {
    const table = createMemoryTable();

    expect(() => {
      table.put({ pk: 'a', sk: 'b', data: 'x'.repeat(400 * 1024) });
    }).toThrow(expect.objectContaining({ code: 'ITEM_TOO_LARGE' }));
    expect(table.rows()).toEqual([]);
  });
});
