import { describe, expect, it } from 'vitest';

import { toDimensions } from '../../lib/core/metrics.ts';

describe('a dimension', () => {
  it.each([
    ['keeps printable ASCII', 'Prod/Orders/Billing v2', 'Prod/Orders/Billing v2'],
    ['encodes what CloudWatch does not take', 'Büro\n', 'B%C3%BCro%0A'],
    ['encodes a half of a surrogate pair', 'a\ud800', 'a%EF%BF%BD'],
    ['encodes a colon at its beginning only', ':a:b', '%3Aa:b'],
  ])('%s', (_, value, expected) => {
    expect(toDimensions({ inbox: value })).toEqual({ inbox: expected });
  });

  it('is cut at 255 characters and stays unique', () => {
    const long = 'x'.repeat(300);

    const values = [long, `${long}y`].map((value) => toDimensions({ inbox: value })['inbox']);

    expect(values[0]).toHaveLength(255);
    expect(values[0]).not.toBe(values[1]);
  });
});
