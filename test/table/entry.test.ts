import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { entryToRow, isInvalidEntry, rowToEntry, type Row } from '../../lib/table/entry.ts';
import { ownLimits } from '../../lib/core/limits.ts';
import { isInvalidMessage, toMessage, toMessageJson } from '../../lib/table/message.ts';
import { newId } from '../../lib/core/system.ts';
import { someEntry, someNonsense } from '../support/arbitraries.ts';
import { anEntry, retentionMs, someTime } from '../support/entries.ts';

const options = { shards: 16, retentionMs };

describe('the row of an entry', () => {
  it('gives the entry back, whatever it holds', () => {
    fc.assert(
      fc.property(someEntry, fc.integer({ min: 1, max: 256 }), (entry, shards) => {
        expect(rowToEntry(entryToRow(entry, { shards, retentionMs }))).toEqual(entry);
      }),
    );
  });

  it('expires a retention after the event, in epoch seconds, and not a moment before', () => {
    const entry = anEntry({ id: newId(someTime + 1) });

    expect(entryToRow(entry, options)['expiresAt']).toBe((someTime + retentionMs) / 1000 + 1);
  });

  it('gives the entry back under the key of one that was deferred', () => {
    const entry = anEntry();

    expect(rowToEntry({ ...entryToRow(entry, options), sk: `d#${entry.id}` })).toEqual(entry);
  });

  it('gives back nothing that the entry did not hold', () => {
    const entry = anEntry();

    expect(rowToEntry({ ...entryToRow(entry, options), note: 'by hand' })).toEqual(entry);
  });
});

describe('a row that is no valid entry', () => {
  const valid = entryToRow(anEntry({ sequence: 1 }), options);
  const long = `order/${'x'.repeat(ownLimits.maxAggregateBytes)}`;

  it.each<{ what: string; change: Row; problem: string }>([
    { what: 'no partition key', change: { pk: 7 }, problem: 'pk and sk must be strings' },
    { what: 'a partition key of no page', change: { pk: 'meta' }, problem: 'pk is no page' },
    { what: 'another sort key', change: { sk: 'e#1' }, problem: 'sk does not name the id' },
    {
      what: 'the key of another minute',
      change: { pk: '2020-01-01T00:00#00' },
      problem: 'the id is of another page',
    },
    { what: 'no type', change: { type: undefined }, problem: 'missing or malformed: type' },
    { what: 'a type with a space', change: { type: 'a b' }, problem: 'missing or malformed: type' },
    {
      what: 'a context that leaves no room to wait',
      change: { tracestate: 'x'.repeat(350_000), data: JSON.stringify('x'.repeat(52_000)) },
      problem: 'missing or malformed: data',
    },
    ...(['correlationId', 'causationId', 'tenant'] as const).map((name) => ({
      what: `a ${name} of 257 characters`,
      change: { [name]: 'x'.repeat(257) },
      problem: `missing or malformed: ${name}`,
    })),
    { what: 'version 0', change: { version: 0 }, problem: 'missing or malformed: version' },
    { what: 'half a version', change: { version: 1.5 }, problem: 'missing or malformed: version' },
    {
      what: 'an aggregate without a type',
      change: { aggregate: '42' },
      problem: 'missing or malformed: aggregate',
    },
    {
      what: 'an aggregate too long for a key',
      change: { aggregate: long },
      problem: 'missing or malformed: aggregate',
    },
    {
      what: 'a sequence of 0',
      change: { sequence: 0 },
      problem: 'missing or malformed: sequence',
    },
    {
      what: 'data that is no JSON',
      change: { data: '{' },
      problem: 'missing or malformed: data',
    },
    {
      what: 'data that is no text',
      change: { data: { total: 12 } },
      problem: 'missing or malformed: data',
    },
    {
      what: 'an empty correlation id',
      change: { correlationId: '' },
      problem: 'missing or malformed: correlationId',
    },
    {
      what: 'a tenant that is no text',
      change: { tenant: 7, version: '1' },
      problem: 'missing or malformed: version, tenant',
    },
  ])('says what is wrong: $what', ({ change, problem }) => {
    expect(rowToEntry({ ...valid, ...change })).toEqual({ problem });
  });

  it('is told as such, whatever it holds, and never throws', () => {
    fc.assert(
      fc.property(someNonsense, (row) => {
        const entry = rowToEntry(row);

        expect(isInvalidEntry(entry)).toBe(true);
      }),
    );
  });

  it('never comes near a consumer: what passes makes a valid message', () => {
    const half = fc.tuple(someEntry, someNonsense).map(([entry, nonsense]) => ({
      ...entryToRow(entry, options),
      ...nonsense,
    }));
    fc.assert(
      fc.property(
        fc.oneof(
          half,
          someEntry.map((entry) => entryToRow(entry, options)),
        ),
        (row) => {
          const entry = rowToEntry(row);
          fc.pre(!isInvalidEntry(entry));

          const message = toMessage(JSON.parse(toMessageJson(entry, 'orders')));

          expect(isInvalidMessage(message)).toBe(false);
        },
      ),
    );
  });
});
