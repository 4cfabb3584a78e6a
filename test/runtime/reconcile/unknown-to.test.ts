import { describe, expect, it } from 'vitest';

import type { Row } from '../../../lib/contract/entry.ts';
import { cursorToRow } from '../../../lib/contract/inbox-order.ts';
import type { Key } from '../../../lib/contract/keys.ts';
import { unknownTo } from '../../../lib/runtime/reconcile/unknown-to.ts';
import type { TableReader } from '../../../lib/runtime/reconcile/table-reader.ts';
import { countingIds, entryOf } from '../../support/world.ts';

const consumer = { inbox: 'billing', tableName: 'inbox', queueUrl: 'https://sqs.invalid/1/queue' };
const newId = countingIds();

function readerOf(rows: readonly Row[]): TableReader {
  const isAt = (row: Row, { pk, sk }: Key): boolean => row['pk'] === pk && row['sk'] === sk;
  return {
    readPartition: () => Promise.resolve([]),
    readRows: (_, keys) =>
      Promise.resolve(rows.filter((row) => keys.some((key) => isAt(row, key)))),
  };
}

describe('an inbox in order', () => {
  it('knows what its aggregate went on beyond, and nothing after it', async () => {
    const place = { inbox: 'billing', aggregate: 'order/1' };
    const reader = readerOf([cursorToRow(place, { version: 1, sequence: 2 })]);
    const entries = [1, 2, 3].map((sequence) => entryOf(newId(0), { sequence }));
    const other = entryOf(newId(0), { sequence: 1, aggregate: 'order/2' });

    const unknown = await unknownTo(consumer, [...entries, other], { reader, now: 0 });

    expect(unknown).toEqual([entries[2], other]);
  });
});
