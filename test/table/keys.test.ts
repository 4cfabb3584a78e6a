import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import {
  entryKey,
  holdKey,
  isEventId,
  isPage,
  padSequence,
  pageAfter,
  pageKey,
  pageKeys,
  pageOf,
  pageStart,
  parsePageKey,
  receiptKey,
  timeOfId,
  waitingKey,
} from '../../lib/table/keys.ts';
import { shardOf } from '../../lib/core/collections.ts';
import { ownLimits } from '../../lib/core/limits.ts';
import { newId } from '../../lib/core/system.ts';
import { someAggregate, someEntry, someId, someMoment, someText } from '../support/arbitraries.ts';

const someShards = fc.integer({ min: ownLimits.minShards, max: ownLimits.maxShards });
const someSequence = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });
const minuteMs = 60_000;

describe('a page', () => {
  it('is the UTC minute of a moment', () => {
    expect(pageOf(Date.parse('2026-11-21T04:37:59.999Z'))).toBe('2026-11-21T04:37');
    expect(pageOf(Date.parse('2026-11-21T04:38:00.000Z'))).toBe('2026-11-21T04:38');
  });

  it('begins no more than a minute before each of its moments', () => {
    fc.assert(
      fc.property(someMoment, (moment) => {
        const age = moment - pageStart(pageOf(moment));

        expect(age).toBeGreaterThanOrEqual(0);
        expect(age).toBeLessThan(minuteMs);
      }),
    );
  });

  it('is as many minutes after another as one says, across days and years', () => {
    expect(pageAfter('2026-12-31T23:59', 1)).toBe('2027-01-01T00:00');
    fc.assert(
      fc.property(someMoment, fc.integer({ min: -100_000, max: 100_000 }), (moment, minutes) => {
        expect(pageAfter(pageOf(moment), minutes)).toBe(pageOf(moment + minutes * minuteMs));
      }),
    );
  });

  it('sorts as text like the time that it is of', () => {
    fc.assert(
      fc.property(someMoment, someMoment, (a, b) => {
        fc.pre(pageOf(a) !== pageOf(b));

        expect(pageOf(a) < pageOf(b)).toBe(a < b);
      }),
    );
  });

  it('is told from what is none', () => {
    expect(isPage('2026-11-21T04:37')).toBe(true);
    expect(['2026-11-21', '2026-11-21T04:37#00', '', 'meta'].filter(isPage)).toEqual([]);
  });
});

describe('a partition key of a page', () => {
  it('gives page and shard back', () => {
    fc.assert(
      fc.property(someMoment, fc.nat(ownLimits.maxShards - 1), (moment, shard) => {
        const page = pageOf(moment);

        expect(parsePageKey(pageKey(page, shard))).toEqual({ page, shard });
      }),
    );
  });

  it('is told from what is none', () => {
    const others = ['meta', 'w#order/1', 'a#order/1', '2026-11-21T04:37', '2026-11-21T04:37#1'];

    expect(others.map((pk) => parsePageKey(pk))).toEqual(others.map(() => undefined));
  });

  it('is there once for each shard', () => {
    expect(pageKeys('2026-11-21T04:37', 3)).toEqual([
      '2026-11-21T04:37#00',
      '2026-11-21T04:37#01',
      '2026-11-21T04:37#02',
    ]);
  });
});

describe('a shard', () => {
  // Rows already written stay where they are: another hash would look for them elsewhere.
  it.each([
    ['', 0x811c9dc5],
    ['a', 0xe40c292c],
    ['foobar', 0xbf9cf968],
  ])('is FNV-1a of the aggregate, for ever: %j', (aggregate, hash) => {
    expect(shardOf(aggregate, 2 ** 32)).toBe(hash);
  });

  it('is one of those there are', () => {
    fc.assert(
      fc.property(someText, someShards, (aggregate, shards) => {
        expect(shardOf(aggregate, shards)).toBeGreaterThanOrEqual(0);
        expect(shardOf(aggregate, shards)).toBeLessThan(shards);
      }),
    );
  });

  it('takes an even part of many aggregates', () => {
    const counts = Array.from({ length: 16 }, () => 0);
    for (let id = 0; id < 16_000; id++) counts[shardOf(`order/${id}`, 16)]! += 1;

    expect(Math.min(...counts)).toBeGreaterThan(800);
    expect(Math.max(...counts)).toBeLessThan(1200);
  });
});

describe('keys of entries and receipts', () => {
  it('lie in the page of the entry, which follows from its id', () => {
    fc.assert(
      fc.property(someEntry, someShards, (entry, shards) => {
        const { pk, sk } = entryKey(entry, shards);

        expect(pageKeys(pageOf(timeOfId(entry.id)), shards)).toContain(pk);
        expect(sk).toBe(`e#${entry.id}`);
      }),
    );
  });

  it('lie in the page that a receipt speaks of', () => {
    fc.assert(
      fc.property(someMoment.map(pageOf), someId, someShards, (page, id, shards) => {
        const { pk, sk } = receiptKey(page, id, shards);

        expect(pageKeys(page, shards)).toContain(pk);
        expect(sk).toBe(`r#${id}`);
      }),
    );
  });
});

describe('keys of the waiting room', () => {
  it('sort an aggregate’s entries by their sequence, with the hold row behind them', () => {
    fc.assert(
      fc.property(someAggregate, someSequence, someSequence, someId, someId, (...drawn) => {
        const [aggregate, a, b, idA, idB] = drawn;
        fc.pre(a !== b);
        const first = waitingKey({ id: idA, aggregate, sequence: a });
        const second = waitingKey({ id: idB, aggregate, sequence: b });

        expect(first.pk).toBe(second.pk);
        expect(first.sk < second.sk).toBe(a < b);
        expect(holdKey(aggregate).pk).toBe(first.pk);
        expect(holdKey(aggregate).sk > first.sk).toBe(true);
      }),
    );
  });

  it('differ for two events that were given one sequence', () => {
    const [a, b] = [1, 2].map(() =>
      waitingKey({ id: newId(0), aggregate: 'order/1', sequence: 1 }),
    );

    expect(a).not.toEqual(b);
  });

  it('give an entry without a sequence a partition of its own, that no aggregate has', () => {
    fc.assert(
      fc.property(someId, someAggregate, someAggregate, (id, aggregate, other) => {
        const { pk } = waitingKey({ id, aggregate });

        expect(pk).toBe(`w#${id}`);
        expect(pk).not.toBe(holdKey(other).pk);
      }),
    );
  });

  it('pad a sequence to text that sorts like the number', () => {
    fc.assert(
      fc.property(someSequence, someSequence, (a, b) => {
        expect(padSequence(a) < padSequence(b)).toBe(a < b);
      }),
    );
  });
});

describe('an event id', () => {
  it('tells the millisecond of its event', () => {
    fc.assert(
      fc.property(someMoment, (moment) => {
        expect(timeOfId(newId(moment))).toBe(moment);
      }),
    );
  });

  it('is a UUIDv7 in lower case and nothing else', () => {
    const id = newId(Date.UTC(2026, 10, 21));
    const others = [
      id.toUpperCase(),
      `${id} `,
      id.replaceAll('-', ''),
      '9b2d2b9e-6d1c-4c3a-9d3e-0a1b2c3d4e5f',
      '',
      7,
      undefined,
    ];

    expect(isEventId(id)).toBe(true);
    expect(others.filter(isEventId)).toEqual([]);
  });
});
