import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { pageAfter, pageOf, pagesBetween, pageStart } from '../../lib/table/keys.ts';
import {
  closingAgeMs,
  endOfClosing,
  endOfMissed,
  graceMs,
  maxLagMs,
  oldestPage,
} from '../../lib/table/page-times.ts';
import { someMoment } from '../support/arbitraries.ts';

const minute = 60_000;
const hour = 60 * minute;
const now = Date.UTC(2026, 10, 21, 4, 37, 30);

describe('the missed pass', () => {
  it('leaves a page to the relay until two minutes after its end', () => {
    fc.assert(
      fc.property(someMoment, (moment) => {
        const lastTaken = pageAfter(endOfMissed(moment, undefined), -1);
        const ageOfItsEnd = moment - pageStart(pageAfter(lastTaken, 1));

        expect(ageOfItsEnd).toBeGreaterThanOrEqual(graceMs);
        expect(ageOfItsEnd).toBeLessThan(graceMs + minute);
      }),
    );
  });

  it('leaves to a relay that is behind all that it is about to reach', () => {
    const lag = { oldestAt: now - 6 * hour, notedAt: now };

    expect(endOfMissed(now, lag)).toBe(pageOf(now - 6 * hour));
  });

  it('takes what a relay that is hardly behind has passed', () => {
    const lag = { oldestAt: now - minute, notedAt: now };

    expect(endOfMissed(now, lag)).toBe(pageOf(now - graceMs));
  });

  it('trusts no relay to reach what the stream is about to forget', () => {
    const lag = { oldestAt: now - 40 * hour, notedAt: now };

    expect(endOfMissed(now, lag)).toBe(pageOf(now - maxLagMs));
  });
});

describe('the closing pass', () => {
  it('takes pages when the stream, which remembers a day, has forgotten them', () => {
    expect(closingAgeMs).toBeGreaterThan(24 * hour);
    expect(endOfClosing(now, pageOf(now))).toBe(pageOf(now - closingAgeMs));
  });

  it('stays behind the missed pass', () => {
    const missedUpTo = pageOf(now - 30 * hour);

    expect(endOfClosing(now, missedUpTo)).toBe(missedUpTo);
    expect([...pagesBetween(pageOf(now - 90 * hour), endOfClosing(now, undefined))]).toEqual([]);
  });
});

describe('the oldest page', () => {
  it('is one of which neither entries nor receipts expire yet', () => {
    const retentionMs = 3 * 24 * hour;

    expect(pageStart(oldestPage(now, retentionMs)) + retentionMs).toBeGreaterThan(now);
  });
});

describe('the pages between two', () => {
  it('are all but the last, in order, across days', () => {
    expect([...pagesBetween('2026-12-31T23:58', '2027-01-01T00:01')]).toEqual([
      '2026-12-31T23:58',
      '2026-12-31T23:59',
      '2027-01-01T00:00',
    ]);
    expect([...pagesBetween('2026-12-31T23:58', '2026-12-31T23:58')]).toEqual([]);
  });
});
