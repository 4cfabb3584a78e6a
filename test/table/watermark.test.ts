import { describe, expect, it } from 'vitest';

import { hasSeenShard, rowToWatermark, withMoreShards } from '../../lib/table/sweep-notes.ts';

const page = '2026-11-21T12:00';

describe('a watermark', () => {
  it.each([
    { what: 'a page before it', seen: { page }, at: '2026-11-21T11:59', shard: 31, expected: true },
    { what: 'its own page', seen: { page }, at: page, shard: 0, expected: false },
    {
      what: 'a shard that its walker knew',
      seen: { page, shards: 16 },
      at: '2026-11-21T11:59',
      shard: 15,
      expected: true,
    },
    {
      what: 'a shard that its walker did not know',
      seen: { page, shards: 16 },
      at: '2026-11-21T11:59',
      shard: 16,
      expected: false,
    },
    {
      what: 'a new shard of a page from before it was known',
      seen: { page, shards: 32, since: '2026-11-21T10:00', shardsBefore: 16 },
      ...{ at: '2026-11-21T09:59', shard: 16, expected: false },
    },
    {
      what: 'a new shard of a page from after it was known',
      seen: { page, shards: 32, since: '2026-11-21T10:00', shardsBefore: 16 },
      ...{ at: '2026-11-21T10:00', shard: 16, expected: true },
    },
  ])('says of $what whether it was seen: $expected', ({ seen, at, shard, expected }) => {
    expect(hasSeenShard(seen, at, shard)).toBe(expected);
  });

  it('goes back two hours where its walker knows of more shards', () => {
    expect(withMoreShards({ page, shards: 16 }, 32)).toEqual({
      ...{ page: '2026-11-21T10:00', since: '2026-11-21T10:00' },
      ...{ shards: 32, shardsBefore: 16 },
    });
  });

  it('remembers the smallest number of shards of the last day', () => {
    const before = { page, shards: 16, since: '2026-11-21T06:00', shardsBefore: 8 };
    const longBefore = { ...before, since: '2026-11-19T06:00' };

    expect(withMoreShards(before, 32).shardsBefore).toBe(8);
    expect(withMoreShards(longBefore, 32).shardsBefore).toBe(16);
  });

  it.each([undefined, {}, { page: 7 }])('is not read from %j', (row) => {
    expect(rowToWatermark(row)).toBeUndefined();
  });
});
