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
      expect(windowOf(request, { windowMs, now })).toEqual({ from: now - windowMs, to: now });
    },
  );

  it('is the one that was asked for', () => {
    const request = { from: '2026-03-02T08:00:00Z', to: '2026-03-02T10:00:00+01:00' };

    expect(windowOf(request, { windowMs, now })).toEqual({
      from: Date.parse('2026-03-02T08:00:00Z'),
      to: Date.parse('2026-03-02T09:00:00Z'),
    });
  });

  it('goes on from a beginning until now, and back from an end as far as it may', () => {
    const from = '2026-03-03T11:00:00Z';
    const to = '2026-03-02T00:00:00Z';

    expect(windowOf({ from }, { windowMs, now })).toEqual({ from: now - hour, to: now });
    expect(windowOf({ to }, { windowMs, now })).toEqual({
      from: now - 48 * hour,
      to: Date.parse(to),
    });
  });

  it.each([
    [
      { from: 'yesterday' },
      /from .* must be a time as of ISO 8601, got "yesterday": invoke it with/,
    ],
    [{ to: 17 }, /to .* must be a time as of ISO 8601, got 17/],
    [
      { to: '2026-03-03T12:00:01Z' },
      /to .* must not lie in the future, got "2026-03-03T12:00:01Z"/,
    ],
    [{ from: '2026-03-03T12:00:00Z' }, /from .* must lie before to, 2026-03-03T12:00:00.000Z, got/],
    [{ from: '2026-03-01T11:59:59Z' }, /from .* must not lie before 2026-03-01T12:00:00.000Z, got/],
  ])('is refused: %j', (request, message) => {
    expect(() => windowOf(request, { windowMs, now })).toThrow(
      expect.objectContaining({
        code: 'OPTION_INVALID',
        message: expect.stringMatching(message) as string,
      }),
    );
  });
});
