import { describe, expect, it } from 'vitest';

import type { Row } from '../../lib/table/entry.ts';
import { bufferedToRow, cursorToRow, type Cursor } from '../../lib/table/ordered.ts';
import { markerToRow } from '../../lib/table/inbox.ts';
import type { Key } from '../../lib/table/keys.ts';
import { unknownTo } from '../../lib/reconciliation/unknown-to.ts';
import type { TableReader } from '../../lib/reconciliation/read.ts';
import { countingIds, entryOf } from '../support/world.ts';

const consumer = { inbox: 'billing', tableName: 'inbox', queueUrl: 'https://sqs.invalid/1/queue' };
const newId = countingIds();

function readerOf(rows: readonly Row[]): TableReader {
  const isAt = (row: Row, { pk, sk }: Key): boolean => row['pk'] === pk && row['sk'] === sk;
  return {
    readPartition: (_, pk) => Promise.resolve(rows.filter((row) => row['pk'] === pk)),
    readRows: (_, keys) =>
      Promise.resolve(rows.filter((row) => keys.some((key) => isAt(row, key)))),
  };
}

describe('an inbox', () => {
  it('should know what the outbox sends its way and it takes, and nothing else', async () => {
    const types = ['order.placed', 'order.shipped', 'payment.taken'];
    const entries = types.map((type) => entryOf(newId(0), { type }));
    const narrow = { ...consumer, sent: ['order.*'], types: ['order.placed', 'payment.taken'] };
    const reader = readerOf([]);

    expect(await unknownTo(narrow, entries, { reader, now: 0 })).toEqual([entries[0]]);
    expect(await unknownTo(consumer, entries, { reader, now: 0 })).toEqual(entries);
  });
});

describe('an inbox that had an event by a replay only', () => {
  it('knows it, as long as it remembers it', async () => {
    const entry = entryOf(newId(0));
    const handled = { inbox: 'billing', eventId: entry.id, replayId: 'replay-1' };
    const reader = readerOf([markerToRow(handled, { now: 0, dedupeWindowMs: 60_000 })]);

    expect(await unknownTo(consumer, [entry], { reader, now: 60_000 })).toEqual([]);
    expect(await unknownTo(consumer, [entry], { reader, now: 61_000 })).toEqual([entry]);
  });
});

describe('an inbox in order', () => {
  const place = { inbox: 'billing', aggregate: 'order/1' };

  it('knows what its aggregate went on beyond, and nothing after it', async () => {
    const reader = readerOf([cursorToRow(place, { version: 1, sequence: 2 })]);
    const entries = [1, 2, 3].map((sequence) => entryOf(newId(0), { sequence }));
    const other = entryOf(newId(0), { sequence: 1, aggregate: 'order/2' });

    const unknown = await unknownTo(consumer, [...entries, other], { reader, now: 0 });

    expect(unknown).toEqual([entries[2], other]);
  });

  it('knows what it had handled before a replay took it back', async () => {
    const cursor: Cursor = { version: 5, sequence: 1, replay: { id: 'replay-1', reached: 3 } };
    const reader = readerOf([cursorToRow(place, cursor)]);
    const entries = [1, 2, 3, 4].map((sequence) => entryOf(newId(0), { sequence }));

    const unknown = await unknownTo(consumer, entries, { reader, now: 0 });

    expect(unknown).toEqual([entries[3]]);
  });

  it('leaves no trace of an event without a sequence', async () => {
    const entry = entryOf(newId(0));
    const ordered = { ...consumer, isOrdered: true };

    expect(await unknownTo(ordered, [entry], { reader: readerOf([]), now: 0 })).toEqual([]);
  });

  it('knows what it keeps until its turn comes, and not another event of the same place', async () => {
    const entries = [3, 4, 4].map((sequence) => entryOf(newId(0), { sequence }));
    const [missing, kept, stranger] = entries;
    const { id: eventId } = kept!;
    const buffered = { sequence: 4, eventId, message: '{}', storedAt: 0 };
    const reader = readerOf([
      cursorToRow(place, { version: 1, sequence: 2, early: 4 }),
      bufferedToRow(place, buffered),
    ]);

    const unknown = await unknownTo(consumer, entries, { reader, now: 0 });

    expect(unknown).toEqual([missing, stranger]);
  });
});
