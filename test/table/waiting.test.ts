import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { entryToRow } from '../../lib/table/entry.ts';
import { limits, ownLimits } from '../../lib/core/limits.ts';
import { table } from '../../lib/table/keys.ts';
import { utf8Bytes } from '../../lib/core/redact.ts';
import {
  heldAggregateOf,
  holdCount,
  holdsOf,
  keyOfWaiting,
  rowToWaiting,
  waitingIndexAttributes,
  waitingIndexKeys,
  waitingStates,
  waitingToRow,
  type InvalidRow,
  type Waiting,
} from '../../lib/table/waiting.ts';
import { itemBytes } from '../../lib/dynamodb/items.ts';
import { someEntry, someId, someMoment, someText } from '../support/arbitraries.ts';
import { aWaiting, anEntry, retentionMs } from '../support/entries.ts';

const someInvalidRow: fc.Arbitrary<InvalidRow> = fc.record(
  {
    key: fc.record({ pk: someText, sk: someId.map((id) => `e#${id}`) }, { noNullPrototype: true }),
    json: fc.json(),
  },
  { noNullPrototype: true },
);

const someWaiting: fc.Arbitrary<Waiting> = fc.record(
  {
    entry: fc.oneof(someEntry, someInvalidRow),
    state: fc.constantFrom(...waitingStates),
    dueAt: someMoment,
    attempts: fc.nat(),
    blocksLane: fc.boolean(),
    missing: fc.array(someText),
    error: fc.record(
      { code: fc.string({ maxLength: 20 }), message: fc.string(), destination: someText },
      { requiredKeys: ['code', 'message'], noNullPrototype: true },
    ),
    firstTriedAt: someMoment,
    lastTriedAt: someMoment,
    discard: fc.record(
      { id: someId, at: someMoment, by: someText, reason: someText },
      { noNullPrototype: true },
    ),
  },
  { requiredKeys: ['entry', 'state', 'dueAt', 'attempts', 'blocksLane'], noNullPrototype: true },
);

describe('the row of what waits', () => {
  it('gives back all that is known of it', () => {
    fc.assert(
      fc.property(someWaiting, (waiting) => {
        expect(rowToWaiting(waitingToRow(waiting))).toEqual(waiting);
      }),
    );
  });

  it('never expires', () => {
    expect(waitingToRow(aWaiting())).not.toHaveProperty(table.expiresAt);
  });

  it('is found in the index under one of the keys of its state, when it is due', () => {
    fc.assert(
      fc.property(someWaiting, (waiting) => {
        const row = waitingToRow(waiting);

        expect(waitingIndexKeys(waiting.state)).toContain(row[table.waitingKey]);
        expect(row[table.dueAt]).toBe(waiting.dueAt);
      }),
    );
  });

  it('spreads one state over several keys of the index', () => {
    const rows = Array.from({ length: 200 }, () => waitingToRow(aWaiting({ entry: anEntry() })));

    expect(new Set(rows.map((row) => row[table.waitingKey]))).toEqual(
      new Set(waitingIndexKeys('retrying')),
    );
  });

  it('keeps data out of the index', () => {
    expect(waitingIndexAttributes).not.toContain('data');
    expect(waitingIndexAttributes).not.toContain('json');
  });

  it('keeps the beginning of an error that is too long', () => {
    const error = { code: 'c'.repeat(9_999), message: 'ü'.repeat(9_999) };

    const kept = rowToWaiting(waitingToRow(aWaiting({ error }))).error;

    expect(kept?.code).toBe('c'.repeat(ownLimits.maxErrorCodeBytes));
    expect(kept?.message).toBe('ü'.repeat(ownLimits.maxErrorMessageBytes / 2));
  });

  it('is larger than the row of its entry by no more than a writer keeps free', () => {
    const most: Omit<Waiting, 'entry'> = {
      state: 'retrying',
      dueAt: Number.MAX_SAFE_INTEGER,
      attempts: Number.MAX_SAFE_INTEGER,
      blocksLane: true,
      missing: Array.from({ length: ownLimits.maxDestinations }, () => longestName),
      error: {
        code: 'c'.repeat(9_999),
        message: 'm'.repeat(9_999),
        destination: longestName,
      },
      firstTriedAt: Number.MAX_SAFE_INTEGER,
      lastTriedAt: Number.MAX_SAFE_INTEGER,
    };
    const entry = anEntry({ aggregate: longestAggregate, sequence: Number.MAX_SAFE_INTEGER });

    const written = itemBytes(entryToRow(entry, { shards: 256, retentionMs }));
    const waiting = itemBytes(waitingToRow({ ...most, entry }));

    expect(waiting - written).toBeLessThanOrEqual(ownLimits.waitingOverheadBytes);
  });
});

const longestName = 'n'.repeat(ownLimits.maxDestinationNameBytes);
const longestAggregate = `order/${'a'.repeat(ownLimits.maxAggregateBytes - 'order/'.length)}`;

describe('the key of what waits', () => {
  it('fits DynamoDB also for a row whose own key is as long as can be', () => {
    const key = { pk: 'ü'.repeat(limits.table.maxPartitionKeyBytes / 2), sk: 'e#1' };

    const { pk, sk } = keyOfWaiting({ key, json: '{}' });

    expect(utf8Bytes(pk)).toBeLessThanOrEqual(limits.table.maxPartitionKeyBytes);
    expect(sk).toBe('e#1');
  });
});

describe('a hold', () => {
  it('is on the aggregate of an entry that holds it', () => {
    const entry = anEntry({ aggregate: 'order/1' });

    expect(heldAggregateOf(aWaiting({ entry, blocksLane: true }))).toBe('order/1');
    expect(heldAggregateOf(aWaiting({ entry, blocksLane: false }))).toBeUndefined();
  });

  it('is on nothing for a row that is no entry', () => {
    const entry = { key: { pk: 'p', sk: 'e#1' }, json: '{}' };

    expect(heldAggregateOf(aWaiting({ entry, blocksLane: true }))).toBeUndefined();
  });

  it('is counted in its row', () => {
    expect(holdsOf({ [holdCount]: 3 })).toBe(3);
    expect(holdsOf({})).toBe(0);
    expect(holdsOf(undefined)).toBe(0);
  });
});
