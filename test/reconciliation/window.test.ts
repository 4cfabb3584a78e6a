import { describe, expect, it } from 'vitest';

import { windowOf } from '../../lib/reconciliation/window.ts';

const hour = 3_600_000;
const now = Date.parse('2026-03-03T12:00:00Z');
const windowMs = 25 * hour;
const scheduled = { version: '0', 'detail-type': 'Scheduled Event', time: '2026-03-03T12:00:00Z' };

describe('the window of a reconciliation', () => {
  it.each([[undefined], [null], [{}], ['{}'], [scheduled]])(
    'ends now where %j asks for none',
    (request) => {
      expect(windowOf(request, { windowMs, now })).toEqual({ since: now - windowMs, until: now });
    },
  );

  it('is the one that was asked for', () => {
    const request = { since: '2026-03-02T08:00:00Z', until: '2026-03-02T10:00:00+01:00' };

    expect(windowOf(request, { windowMs, now })).toEqual({
      since: Date.parse('2026-03-02T08:00:00Z'),
      until: Date.parse('2026-03-02T09:00:00Z'),
    });
  });

  it('goes on from a beginning until now, and back from an end as far as it may', () => {
    const since = '2026-03-03T11:00:00Z';
    const until = '2026-03-02T00:00:00Z';

    expect(windowOf({ since }, { windowMs, now })).toEqual({ since: now - hour, until: now });
    expect(windowOf({ until }, { windowMs, now })).toEqual({
      since: now - 48 * hour,
      until: Date.parse(until),
    });
  });

  it.each([
    [{ since: 'yesterday' }, /since .* must be an ISO 8601 time, got "yesterday": invoke it with/],
    [{ until: 17 }, /until .* must be an ISO 8601 time, got 17/],
    [
      { until: '2026-03-03T12:00:01Z' },
      /until .* must not lie in the future, got "2026-03-03T12:00:01Z"/,
    ],
    [
      { since: '2026-03-03T12:00:00Z' },
      /since .* must lie before until, 2026-03-03T12:00:00.000Z, got/,
    ],
    [
      { since: '2026-03-01T11:59:59Z' },
      /since .* must not lie before 2026-03-01T12:00:00.000Z, got/,
    ],
  ])('is refused: %j', (request, message) => {
    expect(() => windowOf(request, { windowMs, now })).toThrow(
      expect.objectContaining({
        code: 'OPTION_INVALID',
        message: expect.stringMatching(message) as string,
      }),
    );
  });
});
