import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { cutToBytes, utf8Bytes } from '../../lib/core/redact.ts';

describe('cutting a text', () => {
  it('leaves alone what fits', () => {
    expect(cutToBytes('grün', 5)).toBe('grün');
    expect(cutToBytes('', 0)).toBe('');
  });

  it('tears no character apart', () => {
    expect(cutToBytes('grün', 3)).toBe('gr');
    expect(cutToBytes('👍👍', 7)).toBe('👍');
  });

  it('keeps as much of the beginning as fits', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.nat(40), (text, maxBytes) => {
        const cut = cutToBytes(text, maxBytes);
        const [next = ''] = text.slice(cut.length);

        expect(text.startsWith(cut)).toBe(true);
        expect(utf8Bytes(cut)).toBeLessThanOrEqual(maxBytes);
        expect(next === '' || utf8Bytes(cut + next) > maxBytes).toBe(true);
      }),
    );
  });
});
