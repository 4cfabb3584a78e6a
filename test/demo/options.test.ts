import { describe, expect, it } from 'vitest';

import { parseOptions } from '../../bin/demo/options.ts';

describe('options of the demo', () => {
  it('place 50 orders on an AWS of its own, built anew and not kept, unless told otherwise', () => {
    expect(parseOptions([])).toEqual({
      orders: 50,
      chaos: false,
      keep: false,
      aws: false,
      build: true,
      help: false,
    });
  });

  it.each(['0', '-1', '1.5', 'many', '10001'])('refuse %s orders', (orders) => {
    expect(() => parseOptions([`--orders=${orders}`])).toThrow(
      `--orders must be a whole number from 1 to 10000, got ${orders}`,
    );
  });

  it('refuse what they do not know', () => {
    expect(() => parseOptions(['--oders', '5'])).toThrow(/--oders/);
  });
});
