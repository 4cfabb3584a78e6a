import { describe, expect, it, vi } from 'vitest';

import { OutboxError } from '../../lib/core/errors.ts';

describe('an OutboxError', () => {
  const error = new OutboxError('ENTRY_TOO_LARGE', 'too large', { details: { bytes: 1 } });

  it('is told by its code', () => {
    expect(OutboxError.is(error)).toBe(true);
    expect(OutboxError.is(error, 'ENTRY_TOO_LARGE')).toBe(true);
    expect(OutboxError.is(error, 'EVENT_INVALID')).toBe(false);
  });

  it('is told from anything else', () => {
    const others = [
      new Error('x'),
      { code: 'ENTRY_TOO_LARGE' },
      null,
      undefined,
      'ENTRY_TOO_LARGE',
    ];

    expect(others.filter((other) => OutboxError.is(other))).toEqual([]);
  });

  it('is told across two copies of the package', async () => {
    vi.resetModules();
    const copy = await import('../../lib/core/errors.ts');

    expect(error).not.toBeInstanceOf(copy.OutboxError);
    expect(copy.OutboxError.is(error, 'ENTRY_TOO_LARGE')).toBe(true);
  });

  it('keeps what caused it', () => {
    const cause = new Error('x');

    expect(new OutboxError('EVENT_INVALID', 'invalid', { cause }).cause).toBe(cause);
  });
});
