import { describe, expect, it } from 'vitest';

import { makeRequests } from '../../bin/demo/orders.ts';
import { reasonToWait } from '../../bin/demo/settle.ts';

describe('settling', () => {
  it('says for how many orders an answer is waited for that never comes', () => {
    expect(reasonToWait({ requests: makeRequests('run', 20) })).toMatch(
      /For 2 of the orders .* never answers/,
    );
  });

  it('needs no reason where every payment is answered', () => {
    expect(reasonToWait({ requests: makeRequests('run', 3) })).toBeUndefined();
  });
});
