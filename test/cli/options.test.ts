import { describe, expect, it } from 'vitest';

import { hint, toMoment, toNumber } from '../../lib/cli/options.ts';

const now = Date.UTC(2026, 10, 21, 12);
const at = toMoment(now);

describe('a time that somebody types', () => {
  it.each([
    ['2026-11-21', Date.UTC(2026, 10, 21)],
    ['2026-11-21T04:00', Date.UTC(2026, 10, 21, 4)],
    ['2026-11-21 04:00', Date.UTC(2026, 10, 21, 4)],
    ['2026-11-21T04:00Z', Date.UTC(2026, 10, 21, 4)],
    ['2026-11-21T04:00:30.5Z', Date.UTC(2026, 10, 21, 4, 0, 30, 500)],
    ['2026-11-21T04:00+02:00', Date.UTC(2026, 10, 21, 2)],
    ['90s', now - 90_000],
    ['15m', now - 900_000],
    ['2h', now - 7_200_000],
    ['3d', now - 259_200_000],
  ])('%s is in UTC, or so long ago', (text, expected) => {
    expect(at(text)).toBe(expected);
  });

  it.each([
    '',
    '2',
    '2w',
    '-2h',
    'yesterday',
    '04:00',
    '2026-13-01',
    '2026-11-21T25:00Z',
    '1795235000',
  ])('%j is none, and what is one is said', (text) => {
    expect(() => at(text)).toThrow('give a time as 2026-11-21T04:00Z, or 15m, 2h, 3d');
  });
});

describe('a number that somebody types', () => {
  it('is whole and within bounds', () => {
    expect(['1', '10'].map(toNumber(1, 10))).toEqual([1, 10]);
    for (const text of ['0', '11', '1.5', '', ' ', 'ten', 'NaN']) {
      expect(() => toNumber(1, 10)(text)).toThrow('give a whole number from 1 to 10');
    }
  });
});

describe('a command to type next', () => {
  it('names the outbox as it was named', () => {
    expect(hint('outbox ls', {})).toBe('outbox ls');
    expect(
      hint('outbox ls', {
        stack: 'Shop',
        outbox: 'Shop/Outbox',
        table: 'T',
        region: 'eu-west-1',
        profile: 'prod',
        endpointUrl: 'http://127.0.0.1:4566',
      }),
    ).toBe(
      'outbox ls --stack Shop --outbox Shop/Outbox --table T --region eu-west-1 --profile prod --endpoint-url http://127.0.0.1:4566',
    );
  });

  it('is safe to paste into a shell', () => {
    expect(hint('outbox ls', { profile: "on call's" })).toBe(
      String.raw`outbox ls --profile 'on call'\''s'`,
    );
  });
});
